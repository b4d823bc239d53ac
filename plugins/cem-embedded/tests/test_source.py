"""The Factbook's entries as a knowledge source."""

import json
from pathlib import Path

import pytest

from cem_embedded.factbook import factbook_version, make_questions, write_pages
from cem_embedded.source import Factbook
from cem_toolkit.api import CemError, Mistake, normalise
from cem_toolkit.testing import make_context

QUESTION = "What is the highest point of Togo?"


def mistake(*queries: str) -> Mistake:
    return Mistake(id="m", attempt_id="a", task="t", kind="knowledge", question=QUESTION, queries=queries)


def test_a_countrys_entry_is_found_with_where_it_is_from(tmp_path: Path) -> None:
    first, *others = Factbook().retrieve([mistake("highest point Togo", "Togo")], make_context(tmp_path))
    assert first.title == "Togo"
    assert "Togo: Elevation, highest point: Mont Agou 986 m." in first.text
    assert (first.source, first.licence) == ("factbook", "public domain")
    assert first.url == "https://www.cia.gov/the-world-factbook/countries/togo/"
    assert factbook_version() in first.revision
    assert {hit.mistake_id for hit in first.hits} == {"m"}
    assert len(others) < 5


def test_random_entries_are_the_seeds(tmp_path: Path) -> None:
    drawn = [[each.title for each in Factbook().sample(3, make_context(tmp_path, seed=seed))] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_entries_that_cannot_be_written_are_told_before_the_run(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    (ctx.cache / "embedded").write_text("in the way")
    with pytest.raises(CemError, match="source factbook: cannot write"):
        Factbook().check(ctx)


def test_entries_change_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Factbook().fingerprint(make_context(tmp_path))
    assert before == Factbook().fingerprint(make_context(tmp_path))

    def other(path: Path) -> Path:
        path.write_text(json.dumps({"Togo": {"title": "Togo", "extract": "Togo: Lomé."}}))
        return path

    monkeypatch.setattr("cem_embedded.factbook.write_pages", other)
    assert Factbook().fingerprint(make_context(tmp_path)) != before


def test_most_questions_are_told_by_their_countrys_entry(tmp_path: Path) -> None:
    pages = json.loads(write_pages(tmp_path / "entries.json").read_text(encoding="utf-8"))
    rows = make_questions(names={"capital", "highest_point", "largest_city", "border", "independence_year"})
    told = [normalise(row["choices"][row["answer"]]) in normalise(pages[row["group"]]["extract"]) for row in rows]
    assert sum(told) > 0.9 * len(rows)
