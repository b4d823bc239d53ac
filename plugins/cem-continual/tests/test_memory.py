"""What a trainer remembers with its model: written, read, and not believed."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cem_continual import memory
from cem_continual.bcl import EPISODIC, GENERALIZATION, Bcl
from cem_continual.memory import Kept, Memory
from cem_continual.replay import Replay
from cem_continual.reservoir import reservoir
from cem_toolkit.api import CemError, Context, Model, Row


def rows(name: str, count: int) -> list[Row]:
    return [Row.make(kind="passage", prompt="", completion=f"{name} {each}", parents=(name,)) for each in range(count)]


def model(folder: Path) -> Model:
    return Model(name="m", path=folder, fingerprint="m")


def kept(*found: Row) -> Memory:
    return Memory("replay", tuple(Kept(row, 1) for row in found), len(found))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = kept(*rows("one", 3), Row.make(kind="passage", prompt="", completion="a\u2028b\x85c", parents=()))
    memory.write(written, tmp_path, {})
    assert memory.read(model(tmp_path), "replay", print) == written
    assert memory.mark(model(tmp_path))
    assert not memory.mark(model(tmp_path / "none"))


def test_an_adapter_has_the_memory_beside_it(tmp_path: Path) -> None:
    memory.write(kept(*rows("one", 1)), tmp_path / "adapter", {})
    both = Model(name="m", path=tmp_path, adapter=tmp_path / "adapter", fingerprint="m")
    assert len(memory.read(both, "replay", print).kept) == 1


def test_another_trainer_s_is_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    memory.write(kept(*rows("one", 1)), tmp_path, {})
    assert memory.read(model(tmp_path), "bcl", said.append) == Memory("bcl")
    assert "the memory of the trainer replay: bcl begins with an empty one" in said[0]


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", '{"part": "", "round": "1", "row": {}}', '{"part": "", "round": 1, "row": {"id": 3}}', "[" * 99999],
)
def test_what_is_no_memory_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    memory.write(kept(*rows("one", 1)), tmp_path, {})
    file = tmp_path / memory.FOLDER / memory.ROWS
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(CemError, match=r"rows\.jsonl:3: ") as error:
        memory.read(model(tmp_path), "replay", print)
    assert "\n" not in str(error.value)


def test_a_row_twice_or_an_endless_file_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    (row,) = rows("one", 1)
    memory.write(kept(row, row), tmp_path, {})
    with pytest.raises(CemError, match="holds a row twice"):
        memory.read(model(tmp_path), "replay", print)
    monkeypatch.setattr(memory, "LARGEST", 10)
    with pytest.raises(CemError, match="more than 10 bytes"):
        memory.read(model(tmp_path), "replay", print)


def test_rows_to_be_unlearnt_are_no_memory(tmp_path: Path, context: Any) -> None:
    memory.write(kept(Row.make(kind="forget", prompt="a", completion="b", parents=())), tmp_path, {})
    with pytest.raises(CemError, match="holds rows of kind forget, which replay does not take"):
        Replay().past(context(model=model(tmp_path)))


def test_the_memory_is_no_part_of_what_the_model_is(tiny: Model, tmp_path: Path) -> None:
    import shutil

    from cem_toolkit.models import fingerprint

    shutil.copytree(tiny.path, tmp_path / "model")
    memory.write(kept(*rows("one", 1)), tmp_path / "model", {})
    assert fingerprint(tmp_path / "model") == tiny.fingerprint


def test_a_reservoir_is_uniform_and_bounded() -> None:
    """However the stream is cut, each of 30 is in a reservoir of 10 a third of the time."""
    times = dict.fromkeys(range(30), 0)
    for trial in range(3000):
        chance = Random(trial)  # noqa: S311
        held, seen = reservoir([], 0, range(4), 10, chance)
        for start, end in ((4, 17), (17, 30)):
            held, seen = reservoir(held, seen, range(start, end), 10, chance)
        assert seen == 30
        assert len(set(held)) == 10
        for each in held:
            times[each] += 1
    assert all(1000 - 130 < count < 1000 + 130 for count in times.values()), "five standard deviations"
    assert len(reservoir(range(10), 30, [], 4, Random(0))[0]) == 4, "a smaller one"  # noqa: S311


def bcl(past: Memory, found: list[Row], ctx: Context, **options: Any) -> Memory:
    return Bcl(Bcl.Options(**options)).remember(past, found, ctx)


def test_bcl_s_memories_are_bounded_and_have_nothing_in_common(context: Any) -> None:
    past = Memory("bcl")
    for number in (1, 2, 3):
        new = rows(str(number), 100) + ([past.kept[0].row, past.kept[-1].row] if past.kept else [])
        past = bcl(past, new, context(round=number), memory=50)
        parts = {part: [each.row.id for each in past.kept if each.part == part] for part in (EPISODIC, GENERALIZATION)}
        assert not set(parts[EPISODIC]) & set(parts[GENERALIZATION])
        assert len(set(parts[EPISODIC])) == len(parts[EPISODIC]) <= 40
        assert len(set(parts[GENERALIZATION])) == len(parts[GENERALIZATION]) <= 10
    rounds = [each.round for each in past.kept]
    assert [rounds.count(number) for number in (1, 2, 3)] == [13 + 3] * 3, "each round has its share"
    assert past == bcl(Memory("bcl", past.kept, past.seen - 0), [], context(round=4), memory=50)


def test_bcl_without_generalization_memory(context: Any) -> None:
    found = bcl(Memory("bcl"), rows("one", 100), context(), memory=50, generalization=0)
    assert {each.part for each in found.kept} == {EPISODIC}
    assert len(found.kept) == 50


def test_rows_are_json_lines(tmp_path: Path) -> None:
    memory.write(kept(*rows("one", 2)), tmp_path, {})
    lines = (tmp_path / memory.FOLDER / memory.ROWS).read_text().splitlines()
    assert [list(json.loads(line)) for line in lines] == [["trainer", "seen"], *[["part", "round", "row"]] * 2]
