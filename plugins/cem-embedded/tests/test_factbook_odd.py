"""Odd and hostile data: cleaning, loading, drawing and writing."""

import json
from pathlib import Path
from typing import Any

import pytest

from cem_embedded.factbook import make, make_questions, write_questions
from cem_embedded.factbook.clean import alike, bare, giveaway, mentions, outer_split, plain
from cem_embedded.factbook.data import load_countries
from cem_embedded.factbook.facts import Fact, Relation, World
from cem_embedded.factbook.make import questions_of
from cem_embedded.factbook.relations import RELATIONS


def entry(name: Any, capital: Any = "Town", **more: Any) -> dict[str, Any]:
    government = {"Country name": {"conventional short form": {"text": name}}, "Capital": {"name": {"text": capital}}}
    return {"Government": {**government, **more}}


def lay(root: Path, region: str, **entries: Any) -> Path:
    (root / region).mkdir(parents=True, exist_ok=True)
    for code, record in entries.items():
        (root / region / f"{code}.json").write_text(json.dumps(record), encoding="utf-8")
    return root


def test_plain_drops_tags_and_entities() -> None:
    assert plain("<p>Rep&uacute;blica</p><br>&ldquo;x&rdquo;&nbsp;y<!--EndFragment -->") == 'República "x" y'


def test_bare_drops_notes() -> None:
    assert bare("Suva (on Viti Levu (main)) [seat]; note - elsewhere in winter") == "Suva"


def test_outer_split_leaves_brackets_and_numbers_whole() -> None:
    assert outer_split("A 1,200 km (x, y); B, C") == ["A 1,200 km (x, y)", "B", "C"]
    assert outer_split("A ), B") == ["A )", "B"]


def test_comparisons() -> None:
    assert alike("Niger", "Nigeria")
    assert alike("São Tomé", "Sao Tome")
    assert alike("krone", "krona")
    assert not alike("Iran", "Iraq")
    assert mentions("What of São Tomé?", "sao tome")
    assert not mentions("Guineans", "Guinea")
    assert giveaway("Albanian", "Albania")
    assert giveaway("Polish", "Poland", start=3)
    assert not giveaway("Polish", "Poland")


def test_missing_and_misshapen_fields_make_no_question(tmp_path: Path) -> None:
    root = lay(
        tmp_path,
        "europe",
        aa=entry("Aland"),
        bb=entry("Bland", "<b>", Independence={"text": 7}),
        cc={"Government": {"Country name": {"conventional short form": "Cland"}, "Capital": {"name": []}}},
        dd=entry("Dland", Independence={"text": "whenever (from the UK"}),
        ff=entry("Fland", **{"National anthem(s)": {"title": {"text": '"'}}}),
    )
    countries = load_countries(root)
    assert [country.name for country in countries] == ["Aland", "Dland", "Fland"]
    assert questions_of(countries, RELATIONS, 0) == []


def test_territories_are_left_out(tmp_path: Path) -> None:
    root = lay(tmp_path, "africa", xx=entry("Isle", **{"Dependency status": {"text": "territory"}}), ee=entry("Union"))
    assert load_countries(root) == ()


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    lay(tmp_path, "africa")
    (tmp_path / "africa" / "aa.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"africa/aa\.json"):
        load_countries(tmp_path)


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    lay(tmp_path, "africa", aa=entry("Same"), bb=entry("Same"))
    with pytest.raises(ValueError, match="Same"):
        load_countries(tmp_path)


def test_distractors_fall_back_region_by_region(tmp_path: Path) -> None:
    lay(tmp_path, "north-america", aa=entry("Home", "Alpha"))
    lay(tmp_path, "central-america-n-caribbean", bb=entry("Near", "Bravo"), cc=entry("Nigh", "Carrot"))
    lay(tmp_path, "south-america", dd=entry("Far", "Delta"), ee2=entry("Off", "Echo"))
    lay(tmp_path, "europe", ff=entry("Away", "Foxtrot"))
    relation = Relation("r", "s", lambda c, _w: Fact(f"Where is {c.name}?", (c.text("Government", "Capital", "name"),)))
    rows = {row["group"]: row for row in questions_of(load_countries(tmp_path), [relation], 0)}
    assert {"Alpha", "Bravo", "Carrot"} < set(rows["Home"]["choices"])
    assert "Foxtrot" not in rows["Home"]["choices"]
    assert "Away" not in rows


def test_one_relation_more_changes_no_other_question() -> None:
    countries = load_countries()
    few = questions_of(countries, RELATIONS[:2], 0)
    assert [row for row in make_questions() if row["relation"] in {r.name for r in RELATIONS[:2]}] == few


def test_borders_read_odd_lengths(tmp_path: Path) -> None:
    listed = {"border countries": {"text": "Denmark 1.3 km (sea), Bland (south) 4 km and Bland (north) 2 km"}}
    border = {"Geography": {"Land boundaries": listed}}
    lay(tmp_path, "europe", aa={**entry("Aland"), **border}, bb=entry("Bland"), dk=entry("Denmark"))
    world = World(load_countries(tmp_path))
    assert world.borders(world.by_name["Aland"]) == {"Bland", "Denmark"}
    assert world.borders(world.by_name["Bland"]) == {"Aland"}
    assert world.sure_borders(world.by_name["Aland"]) == frozenset()


def test_writing_gives_one_json_object_a_line(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "new" / "q.jsonl")
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == make_questions()
    assert [file.name for file in path.parent.iterdir()] == ["q.jsonl"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text("old")

    def refuse(_self: Path, _target: Path) -> Path:
        raise OSError("disk")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(make, "make_questions", lambda _seed, _names: [])
    with pytest.raises(OSError, match="disk"):
        write_questions(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
