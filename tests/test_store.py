"""Stage results: whole or not there, found by key, and never believed unchecked."""

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.api import CemError, Hit, Passage
from cem_toolkit.store import (
    Store,
    Within,
    content_key,
    copy_linked,
    has_its_checksum,
    is_whole,
    read_info,
    read_records,
    seal,
    with_checksum,
    write_json,
    write_records,
)


def finished(out: Path, name: str = "run/round-1/mine", key: str = "k1") -> Path:
    work = out / "work"
    (work / "model").mkdir(parents=True)
    (work / "model" / "weights").write_text("weights")
    (work / "records.jsonl").write_text("{}\n")
    place = out / name
    place.parent.mkdir(parents=True)
    seal(work, {"key": key}, place)
    return place


def passage(text: str) -> Passage:
    hits = (Hit(mistake_id="m", query="q", score=0.5),)
    return Passage.make(text=text, title="t", source="s", licence="CC0", hits=hits)


@given(st.text())
def test_records_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "records.jsonl"
    record = passage(text.encode("utf-8", "ignore").decode())
    assert write_records(file, [record, record]) == 2
    assert list(read_records(file, Passage)) == [record, record]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "p"}', json.dumps({**passage("a").to_json(), "extra": 1})])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "passages.jsonl"
    write_records(file, [passage("a")])
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(CemError, match=r"passages\.jsonl:2: is no Passage record"):
        list(read_records(file, Passage))


def test_a_sealed_stage_is_found_by_its_key(tmp_path: Path) -> None:
    place = finished(tmp_path)
    store = Store(tmp_path)
    assert store.find("k1") is None
    store.publish("k1", place)
    assert store.find("k1") == place
    assert store.find("k2") is None
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("damage", ["change", "remove", "note"])
def test_a_damaged_stage_is_not_believed(tmp_path: Path, damage: str) -> None:
    place = finished(tmp_path)
    store = Store(tmp_path)
    store.publish("k1", place)
    if damage == "change":
        (place / "model" / "weights").write_text("weighty")
    elif damage == "remove":
        (place / "records.jsonl").unlink()
    else:
        (place / "stage.json").write_text("{")
    assert store.find("k1") is None


def test_an_index_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    place = finished(tmp_path / "outside")
    store = Store(tmp_path / "runs")
    (tmp_path / "runs" / ".stages").mkdir(parents=True)
    (tmp_path / "runs" / ".stages" / "k1").write_text(os.path.relpath(place, tmp_path / "runs") + "\n\0\n")
    assert is_whole(place, "k1")
    assert store.find("k1") is None


def test_copies_share_the_disk_and_stand_alone(tmp_path: Path) -> None:
    place = finished(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    copy_linked(place, copy)
    assert (copy / "model" / "weights").stat().st_ino == (place / "model" / "weights").stat().st_ino
    assert not (copy / "stage.json").exists(), "a copy gets a note of its own"
    assert read_info(copy) is None


def test_writing_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})

    class Unwritable:
        def __str__(self) -> str:
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        write_json(file, {"a": Unwritable()})
    assert json.loads(file.read_text()) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_keys_depend_on_content_alone() -> None:
    assert content_key(a=1, b={"x": 1, "y": 2}) == content_key(b={"y": 2, "x": 1}, a=1)
    assert content_key(a=1) != content_key(a=2)


def test_one_at_a_time_does_the_stage_of_a_key(tmp_path: Path) -> None:
    """As of two processes: locks belong to the opened file, not to the thread."""
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with Store(tmp_path).claimed("k1", waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with Store(tmp_path).claimed("k1", lambda: None), Store(tmp_path).claimed("k2", lambda: order.append("waits")):
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_run_alone_is_looked_through_by_what_lies_in_it(tmp_path: Path) -> None:
    place = finished(tmp_path)
    key = str((read_info(place) or {})["key"])
    assert Within(place.parents[1]).find(key) == place
    assert Within(tmp_path / "other").find(key) is None
    (place / "model" / "weights").write_bytes(b"other")
    assert Within(place.parents[1]).find(key) is None


def test_a_note_whose_figures_have_changed_is_not_believed(tmp_path: Path) -> None:
    place = finished(tmp_path)
    note = place / "stage.json"
    info = read_info(place)
    assert info
    write_json(note, {**info, "figures": {"right": 10}})
    assert read_info(place) is None
    assert not is_whole(place, "k1")


def test_a_note_of_an_older_version_is_believed(tmp_path: Path) -> None:
    place = finished(tmp_path)
    info = read_info(place)
    assert info
    del info["checksum"]
    write_json(place / "stage.json", info)
    assert read_info(place) == info


@pytest.mark.parametrize("data", [{}, {"a": (1, 2), "b": {3: None}}, {"ü": "\ud800", "p": Path("/")}])
def test_a_checksum_holds_once_written_and_read(tmp_path: Path, data: dict[str, object]) -> None:
    write_json(tmp_path / "a.json", with_checksum({**data, "p": "/"}))
    read = json.loads((tmp_path / "a.json").read_text())
    assert has_its_checksum(read)
    assert not has_its_checksum({**read, "more": 1})


def test_stages_that_others_seal_meanwhile_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Ray's tasks: each looks through a round in which the others are just finishing theirs."""
    place = finished(tmp_path)
    half = place.parent / "train.partial"
    half.mkdir()
    scan = os.scandir

    def sealed_once_listed(path: Path) -> object:
        if Path(path) == half:
            half.rename(place.parent / "train")
        return scan(path)

    monkeypatch.setattr(os, "scandir", sealed_once_listed)
    assert Within(place.parents[1]).find("k1") == place
    assert not half.exists()
