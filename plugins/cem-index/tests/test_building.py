"""Building: once, alone, and on from where it was broken off."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_index import DiskIndex, Document
from cem_toolkit.api import CemError

QUERIES = ("river lake", "castle", "Old 7", "Page 12", "n33 opera", "enzyme valley engine bishop")


def answers(index: DiskIndex) -> list[Any]:
    return [len(index), *(index.search(query, 20) for query in QUERIES), *index.documents()]


def refuse(position: str) -> Iterator[tuple[Document, str]]:
    raise AssertionError("the index is built again")


def test_built_once(shelf: Any, documents: Any) -> None:
    first = answers(shelf.open(documents(300)))
    assert answers(shelf.open(refuse)) == first
    assert shelf.log == []


def test_another_key_or_language_is_another_index(shelf: Any, documents: Any) -> None:
    assert [len(shelf.open(documents(count), key=str(count))) for count in (7, 14, 0)] == [6, 12, 0]
    assert len(shelf.open(documents(70), key="7", language="fr")) == 60
    assert shelf.open(refuse, key="0").search("river", 5) == []


@pytest.mark.parametrize("still", [50, 100, 399])
def test_a_killed_process_loses_nothing(shelf: Any, documents: Any, child: Any, often: None, still: int) -> None:
    process = child(400, still)
    for _ in range(still + 1):
        assert process.stdout.readline() == "read\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    positions: list[str] = []

    def noted(position: str) -> Iterator[tuple[Document, str]]:
        positions.append(position)
        return documents(400)(position)  # type: ignore[no-any-return]

    built_on = answers(shelf.open(noted))
    assert positions == ["" if still < 100 else str(still // 100 * 100)]
    assert built_on == answers(shelf.open(documents(400), key="in one go"))


@pytest.mark.parametrize("before", ["the journal", "the commit", "the seal"])
def test_a_kill_at_any_step_loses_nothing(
    shelf: Any, documents: Any, often: None, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """The process ends at the second commit, before what is written down, before the commit, and before the seal."""
    from cem_index import building

    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if before == "the seal":
            patch.setattr("cem_index.opening.seal", broken)
        else:
            commit, done = building._commit, []

            def second(writer: Any, journal: Any, reached: Any, path: Any) -> None:
                if not done:
                    done.append(commit(writer, journal, reached, path))
                    return
                if before == "the commit":
                    journal.add(reached)
                raise KeyboardInterrupt

            patch.setattr(building, "_commit", second)
        with pytest.raises(KeyboardInterrupt):
            shelf.open(documents(400))
    start = {"the seal": "400"}.get(before, "100")

    def on(position: str) -> Iterator[tuple[Document, str]]:
        assert position == start
        return documents(400)(position)  # type: ignore[no-any-return]

    assert answers(shelf.open(on)) == answers(shelf.open(documents(400), key="in one go"))


def test_what_the_documents_raise_is_raised_and_what_was_read_stays(shelf: Any, documents: Any, often: None) -> None:
    def torn(position: str) -> Iterator[tuple[Document, str]]:
        for number, pair in enumerate(documents(400)(position)):
            if number == 250:
                raise CemError("the file ends here")
            yield pair

    with pytest.raises(CemError, match="the file ends here"):
        shelf.open(torn)
    assert len(shelf.open(documents(400))) == len(shelf.open(documents(400), key="in one go"))
    assert shelf.log == ["the index is built on from document 200"]


def test_the_second_process_waits_for_the_first(shelf: Any, documents: Any, child: Any) -> None:
    first = child(400, 120)
    for _ in range(121):
        first.stdout.readline()
    second = child(400)
    assert second.stdout.readline() == "another process is building this index: waiting for it\n"
    first.send_signal(signal.SIGKILL)
    assert second.stdout.readline() == "the index is built on from document 100\n"
    rest = second.stdout.read()  # not by communicate, which knows nothing of what readline took in advance
    assert rest == "read\n" * 300 + "342\n"
    assert answers(shelf.open(refuse)) == answers(shelf.open(documents(400), key="alone"))


def _replace(file: Path, data: bytes) -> None:
    """Not in place: what another index has mapped must not vanish under it."""
    file.unlink()
    file.write_bytes(data)


def _cut(path: Path) -> None:
    file = max(path.glob("*.store"), key=lambda each: each.stat().st_size)
    _replace(file, file.read_bytes()[:-9])


def _change(path: Path) -> None:
    file = next(path.glob("*.term"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    _replace(file, bytes(data))


HARMS: dict[str, Callable[[Path], Any]] = {
    "cut": _cut,
    "changed": _change,
    "a file is missing": lambda path: next(path.glob("*.idx")).unlink(),
    "meta": lambda path: (path / "meta.json").write_text("{"),
    "seal": lambda path: (path / "whole.json").write_text('{"documents": 5}'),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_index_is_built_again(shelf: Any, documents: Any, harm: str) -> None:
    expected = answers(shelf.open(documents(300)))
    HARMS[harm](shelf.path)
    assert answers(shelf.open(documents(300))) == expected
    assert shelf.log == [f"the index in {shelf.path} is damaged: building it again"]
    assert answers(shelf.open(refuse)) == expected


@pytest.mark.parametrize("harm", ["meta.json", "positions.jsonl"])
def test_a_harmed_half_is_begun_anew(shelf: Any, documents: Any, often: None, harm: str) -> None:
    def torn(position: str) -> Iterator[tuple[Document, str]]:
        yield from documents(250)(position)
        raise CemError("torn")

    with pytest.raises(CemError, match="torn"):
        shelf.open(torn)
    (shelf.path / harm).write_text("\x00{")
    assert len(shelf.open(documents(400))) == 342
    assert shelf.log == [f"the index in {shelf.path} is damaged: building it again"]


def test_a_copy_is_the_same_index(shelf: Any, documents: Any) -> None:
    """Times of change differ then, and the files are hashed."""
    expected = answers(shelf.open(documents(300)))
    for file in shelf.path.iterdir():
        os.utime(file, (1, 1))
    assert answers(shelf.open(refuse)) == expected


def test_damage_met_while_reading_is_one_line(shelf: Any, documents: Any) -> None:
    shelf.open(documents(300))
    seal = json.loads((shelf.path / "whole.json").read_text())
    _change(shelf.path)
    (shelf.path / "meta.json").write_text("{")
    for name, stamp in seal["files"].items():
        os.utime(shelf.path / name, ns=(stamp["changed"], stamp["changed"]))
        stamp["size"] = (shelf.path / name).stat().st_size
    (shelf.path / "whole.json").write_text(json.dumps(seal))
    with pytest.raises(CemError, match=r"is damaged .*: delete that folder, and run again") as caught:
        shelf.open(refuse)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_line(shelf: Any, documents: Any, child: Any) -> None:
    """A limit on the size of files stands for it."""
    process = child(1000, 10**9, 3000)
    _, error = process.communicate()
    assert process.returncode == 1
    assert error.splitlines()[-1].startswith("cem_toolkit.errors.CemError: the index in ")
    assert "cannot be written" in error.splitlines()[-1]
    assert answers(shelf.open(documents(1000))) == answers(shelf.open(documents(1000), key="in one go"))


def test_light() -> None:
    code = "import sys, cem_index; print([m for m in ('tantivy', 'numpy', 'bm25s') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"  # noqa: S603
