"""Hybrid ranking with the real small encoder, on pages that words alone rank wrongly."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cem_toolkit.api import CemError, Mistake, Passage
from cem_wiki.options import WikiOptions

QUESTION = "Which illness makes a person's blood sugar too high?"
PAGES = {
    "Sugar": "Sugar, high sugar, blood sugar too: a band's person sings of sugar.",
    "Cane": "Which sugar cane grows high? A person's sugar cane grows too high for blood oranges.",
    "Diabetes mellitus": "A metabolic disease with excess glucose in the circulation, treated with insulin. Sugar.",
    "Steel": "Blast furnaces are high.",
}
LIKELIEST = "Diabetes mellitus"


@pytest.fixture
def data(offline: Any) -> dict[str, str]:
    pages = {title: {"extract": text} for title, text in PAGES.items()}
    (offline.folder / "own.json").write_text(json.dumps(pages))
    return {"data": "own.json"}


def mistake(question: str = QUESTION, choices: tuple[str, ...] = (), name: str = "m0") -> Mistake:
    return Mistake(
        id=name, attempt_id="q", task="t", kind="knowledge", question=question, choices=choices, queries=(question,)
    )


def retrieve(desk: Any, *mistakes: Mistake, **options: Any) -> list[Passage]:
    return list(desk.source(**options).retrieve(mistakes, desk.ctx))


def test_what_words_rank_low_comes_first_where_it_means_the_same(
    offline: Any, data: dict[str, str], hybrid: dict[str, str]
) -> None:
    by_words = [page.title for page in retrieve(offline, mistake(), **data)]
    assert by_words.index(LIKELIEST) >= 2
    assert retrieve(offline, mistake(), **data, **hybrid)[0].title == LIKELIEST


def test_a_page_can_come_first_that_has_no_word_of_the_question(
    offline: Any, data: dict[str, str], hybrid: dict[str, str]
) -> None:
    asked = replace(mistake("Who ails from hyperglycaemia?"), queries=("sugar cane grows", "sugar band sings"))
    assert [page.title for page in retrieve(offline, asked, **data)].index(LIKELIEST) == 2
    assert retrieve(offline, asked, **data, **hybrid)[0].title == LIKELIEST


def test_the_scores_of_a_page_s_hits_add_up_to_its_rank(
    offline: Any, data: dict[str, str], hybrid: dict[str, str]
) -> None:
    asked = replace(mistake(), queries=(QUESTION, "glucose", "sugar cane"))
    pages = retrieve(offline, asked, **data, **hybrid)
    assert [sum(hit.score for hit in page.hits) for page in pages] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert {hit.query for hit in pages[0].hits} == {QUESTION, "glucose", "sugar cane"}


def test_more_candidates_are_ordered_than_are_kept(offline: Any, data: dict[str, str], hybrid: dict[str, str]) -> None:
    def first(**options: int) -> list[str]:
        return [page.title for page in retrieve(offline, mistake(), **data, **hybrid, top_k=1, **options)]

    assert first() == [LIKELIEST]
    assert first(candidates=1) == [retrieve(offline, mistake(), **data)[0].title]


def test_all_that_are_kept_are_ordered(offline: Any, data: dict[str, str], hybrid: dict[str, str]) -> None:
    few = retrieve(offline, mistake(), **data, **hybrid, top_k=4, candidates=1)
    assert few == retrieve(offline, mistake(), **data, **hybrid, top_k=4)


def test_the_order_of_the_choices_tells_nothing(offline: Any, hybrid: dict[str, str]) -> None:
    choices = ("N'Djamena", "Lagos", "Cairo")
    forth, back = (mistake("Capital of Chad?", these) for these in (choices, choices[::-1]))
    assert retrieve(offline, forth, **hybrid) == retrieve(offline, back, **hybrid)


def test_choices_tell_what_is_asked(offline: Any, data: dict[str, str], hybrid: dict[str, str]) -> None:
    vague = replace(mistake("Which of these is it?"), queries=("sugar", "high"))
    for choices, title in ((("hyperglycaemia", "insulin resistance"), LIKELIEST), (("iron alloy", "furnace"), "Steel")):
        assert retrieve(offline, replace(vague, choices=choices), **data, **hybrid)[0].title == title


def test_the_same_twice_alone_and_among_others(offline: Any, hybrid: dict[str, str]) -> None:
    asked = [mistake(f"What is the capital of {name}?", name=name) for name in ("Chad", "France", "Peru")]
    pages = retrieve(offline, *asked, **hybrid)
    assert retrieve(offline, *asked, **hybrid) == pages

    def of(name: str, pages: list[Passage]) -> set[tuple[str, float]]:
        return {(page.id, hit.score) for page in pages for hit in page.hits if hit.mistake_id == name}

    for each in asked:
        assert of(each.id, retrieve(offline, each, **hybrid)) == of(each.id, pages)


def test_nothing_found_is_told_too(offline: Any, hybrid: dict[str, str]) -> None:
    told: dict[str, int] = {}
    ctx = replace(offline.ctx, found=lambda name, pages: told.update({name: len(pages)}))
    asked = [mistake("zzyzx qwrtk", name="none"), mistake("Chad", name="some")]
    assert list(offline.source(**hybrid).retrieve(asked, ctx))
    assert told == {"none": 0, "some": 5}
    assert retrieve(offline, asked[0], **hybrid) == retrieve(offline, **hybrid) == []


def test_words_alone_load_no_encoder(offline: Any) -> None:
    code = (
        "import sys; from pathlib import Path; from cem_toolkit.api import Mistake; "
        "from cem_toolkit.testing import make_context; from cem_wiki.source import Wiki; "
        f"ctx = make_context(Path({str(offline.folder)!r}), cache=Path({str(offline.cache)!r})); source = Wiki(); "
        "source.check(ctx); source.fingerprint(ctx); found = list(source.retrieve([Mistake(id='m', attempt_id='q', "
        "task='t', kind='knowledge', question='?', queries=('Chad',))], ctx)); "
        "assert found; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout == "[]\n"


def test_a_live_wiki_has_its_own_ranking() -> None:
    with pytest.raises(ValidationError, match="ranking: hybrid is not for backend: live"):
        WikiOptions(backend="live", ranking="hybrid")


def test_an_encoder_that_cannot_be_had_is_one_line_before_anything_is_done(offline: Any) -> None:
    with pytest.raises(CemError) as caught:
        offline.source(ranking="hybrid", encoder="no/such/place/").check(offline.ctx)
    message = str(caught.value)
    assert message.startswith("wiki: encoder: model no/such/place/: no such file or folder")
    assert message.endswith("(or set ranking: words)")
    assert "\n" not in message


def test_the_fingerprint_is_that_of_the_encoder_too(offline: Any, hybrid: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in Path(hybrid["encoder"]).iterdir():
        if file.is_file():
            (other / file.name).symlink_to(file)
    options = [{}, hybrid, hybrid | {"encoder": str(other)}]
    words, meaning, same = (offline.source(**each).fingerprint(offline.ctx) for each in options)
    assert words != meaning == same, "an encoder goes by its files, not by its name"
    (other / "vocab.txt").unlink()
    (other / "vocab.txt").write_text("another")
    assert offline.source(**options[2]).fingerprint(offline.ctx) not in (words, meaning)
