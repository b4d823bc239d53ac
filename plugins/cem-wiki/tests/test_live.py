"""The live backend against a wiki on this machine: what it finds, and how politely it asks."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from cem_toolkit.api import CemError
from cem_wiki.live.mediawiki import batch_titles, plain_query

from .conftest import make_mistakes


def test_pages_come_with_text_revision_and_address(live: Any) -> None:
    passages = live.retrieve(["capital of Chad"])
    assert [passage.title for passage in passages] == ["N'Djamena", "Chad", "Lake Chad"]
    first = passages[0]
    assert first.text == "N'Djamena is the capital and largest city of Chad."
    assert first.revision == "9002 2026-01-02T03:04:05Z"
    assert first.url == "https://wiki.example/wiki/N'Djamena"
    assert (first.source, first.licence) == ("wiki", "CC BY-SA 4.0")
    assert [(hit.mistake_id, hit.query, hit.score) for hit in first.hits] == [("m0", "capital of Chad", 1.0)]


def test_a_title_comes_before_what_the_search_finds(live: Any) -> None:
    assert [passage.title for passage in live.retrieve(["chad"])] == ["Chad"]
    assert [passage.title for passage in live.retrieve(["Chad"])] == ["Chad", "Lake Chad"]


def test_redirects_are_followed_and_disambiguation_pages_are_not_taken(live: Any, wiki: Any) -> None:
    wiki.redirects["Republic of Chad"] = "Chad"
    wiki.disambiguations.add("Lake Chad")
    assert [passage.title for passage in live.retrieve(["republic of Chad", "Lake Chad"])] == ["Chad"]


def test_every_request_says_who_asks_and_gives_way_to_load(live: Any, wiki: Any) -> None:
    live.retrieve(["Chad"], ["capital of Chad"])
    assert wiki.asked
    for _, params, headers in wiki.asked:
        assert headers["User-Agent"].startswith("cem-wiki/0.1.0 (someone@example.org) httpx2/")
        assert (params["maxlag"], params["format"], params["formatversion"]) == ("5", "json", "2")


def test_requests_keep_their_distance(live: Any, wiki: Any) -> None:
    live.retrieve(["Chad"], ["capital of Chad"], ["Lagos"], min_interval=2.5)
    times = [time for time, _, _ in wiki.asked]
    assert len(times) == 5
    assert all(later - earlier >= 2.5 for earlier, later in pairwise(times))


def test_titles_and_pages_are_asked_for_in_batches(live: Any, wiki: Any) -> None:
    for number in range(10, 40):
        wiki.add(number, f"Town {number}", f"Town {number} is a town.")
    passages = live.retrieve(*([f"Town {number}"] for number in range(10, 40)))
    assert [passage.title for passage in passages] == [f"Town {number}" for number in range(10, 40)]
    kinds = ["titles" if "titles" in p else "pageids" if "pageids" in p else "search" for _, p, _ in wiki.asked]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"titles": 1, "search": 30, "pageids": 2}


def test_answers_in_parts_are_put_together(live: Any, wiki: Any) -> None:
    wiki.results_at_once = wiki.extracts_at_once = 1
    passages = live.retrieve(["capital of Chad"])
    assert [passage.title for passage in passages] == ["N'Djamena", "Chad", "Lake Chad"]
    assert sum("sroffset" in params for _, params, _ in wiki.asked) == 2
    assert sum("excontinue" in params for _, params, _ in wiki.asked) == 2


def test_whole_pages_come_one_by_one(live: Any, wiki: Any) -> None:
    assert len(live.retrieve(["capital of Chad"], whole_pages=True)) == 3
    reading = [params for _, params, _ in wiki.asked if "pageids" in params]
    assert [(params["pageids"], params["exlimit"]) for params in reading] == [("2", "1"), ("1", "1"), ("3", "1")]
    assert not any("exintro" in params for params in reading)


def test_a_rerun_asks_nothing(live: Any, wiki: Any) -> None:
    first = live.retrieve(["capital of Chad", "Chad"])
    asked = len(wiki.asked)
    assert live.retrieve(["capital of Chad", "Chad"]) == first
    assert len(wiki.asked) == asked


def test_random_pages_are_the_wikis_own_draw_and_kept_by_seed_and_count(live: Any, wiki: Any) -> None:
    wiki.results_at_once = 1
    drawn = live.sample(2)
    assert len({passage.title for passage in drawn}) == 2
    assert all(passage.hits == () and passage.text and passage.url and passage.revision for passage in drawn)
    asked = len(wiki.asked)
    assert live.sample(2) == drawn
    assert len(wiki.asked) == asked
    for count, seed in ((2, 1), (1, 0)):
        live.sample(count, seed=seed)
        assert len(wiki.asked) > asked
        asked = len(wiki.asked)


def test_no_more_random_pages_than_the_wiki_has(live: Any, wiki: Any) -> None:
    assert len(live.sample(100)) == 3
    assert sum(params.get("list") == "random" for _, params, _ in wiki.asked) == 2


def test_a_wiki_out_of_reach_is_an_error_for_random_pages(live: Any, wiki: Any, faults: Any) -> None:
    wiki.faults = [faults.reply(404)] * 9
    with pytest.raises(CemError, match="nothing could be had"):
        live.sample(2)


def test_a_broken_file_in_the_cache_is_asked_for_again(live: Any, wiki: Any) -> None:
    first = live.retrieve(["Chad"])
    files = sorted(live.cache.rglob("*.json"))
    assert len(files) == len(wiki.asked) == 3
    for file, content in zip(files, ('{"request', "[]", '{"request": {}, "response": {}}'), strict=True):
        file.write_text(content)
    assert live.retrieve(["Chad"]) == first
    assert len(wiki.asked) == 6
    assert not list(live.cache.rglob("*.part"))


def test_text_is_made_safe(live: Any, wiki: Any) -> None:
    wiki.add(7, "Odd", "a\x00b\x1b[31m \u202eevil\r\n" + "long " * 100)
    (passage,) = live.retrieve(["Odd"], max_chars=100)
    assert passage.text.startswith("ab[31m evil\nlong long")
    assert 80 <= len(passage.text) <= 100


def test_pages_without_text_are_left_out(live: Any, wiki: Any) -> None:
    wiki.add(7, "Empty", " \x00 ")
    assert live.retrieve(["Empty"]) == []


def test_nothing_to_look_up_asks_nothing(live: Any, wiki: Any) -> None:
    assert live.retrieve() == []
    assert live.retrieve([], ["", "[]", "\ud800"]) == []
    assert wiki.asked == []


def test_a_wiki_that_knows_nothing_is_no_error(live: Any) -> None:
    assert live.retrieve(["Unheard of"]) == []
    assert live.log == []


def test_check_asks_for_a_contact_and_nothing_of_the_network(live: Any, wiki: Any) -> None:
    live.source().check(live.ctx)
    assert live.log == []
    live.source(contact="").check(live.ctx)
    assert "contact" in live.log[0]
    assert wiki.asked == []


def test_the_fingerprint_is_the_address(live: Any) -> None:
    assert live.source(api_url="https://{language}.example.org/api.php", language="fr").fingerprint(live.ctx) == (
        "https://fr.example.org/api.php"
    )


def test_no_answer_from_another_host(live: Any, wiki: Any, faults: Any) -> None:
    wiki.faults = [faults.reply(301, Location="http://127.0.0.1:9/elsewhere")] * 9
    with pytest.raises(CemError, match=r"api\.php: HTTP 301: moved to 'http://127\.0\.0\.1:9/elsewhere'"):
        live.retrieve(["Chad"])


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ('Who said "x"? insource:/.*/ -not ~a*', "Who said x insource not a"),
        ("salt AND pepper OR NOT", "salt and pepper or not"),
        ("N'Djamena, mother-in-law", "N'Djamena mother-in-law"),
        ("word " * 100, ("word " * 60).strip()),
        ("x" * 400, "x" * 300),
        ("?!", ""),
    ],
)
def test_queries_hold_words_alone(query: str, plain: str) -> None:
    assert plain_query(query) == plain


def test_title_batches_fit_into_a_request() -> None:
    assert list(batch_titles(["a|b", "[x]", "", "é" * 200, "Chad", "Chad"])) == [["Chad"]]
    batches = list(batch_titles([f"{number}" + "中" * 80 for number in range(60)]))
    assert sum(map(len, batches)) == 60
    assert max(map(len, batches)) <= 6
    assert [len(batch) for batch in batch_titles([str(number) for number in range(120)])] == [50, 50, 20]


def test_what_there_is_for_a_mistake_is_told_as_soon_as_its_pages_are_read(live: Any, wiki: Any) -> None:
    for number in range(10, 40):
        wiki.add(number, f"Town {number}", f"Town {number} is a town.")
    told: list[tuple[str, list[str], int]] = []
    ctx = replace(
        live.ctx, found=lambda about, pages: told.append((about, [page.title for page in pages], len(wiki.asked)))
    )
    mistakes = make_mistakes(*([f"Town {number}", "Town 10"] for number in range(10, 40)), ["nothing"])
    passages = list(live.source().retrieve(mistakes, ctx))
    assert [about for about, _, _ in told] == [mistake.id for mistake in mistakes]
    assert [titles for _, titles, _ in told][1:3] == [["Town 11", "Town 10"], ["Town 12", "Town 10"]]
    assert told[-1][1] == []
    assert told[19][2] < told[20][2] == len(wiki.asked), "the first twenty are told before the others are looked up"
    hits = [(hit.mistake_id, hit.query) for hit in passages[0].hits]
    assert hits[:2] == [("m0", "Town 10"), ("m1", "Town 10")] and len(hits) == 30
