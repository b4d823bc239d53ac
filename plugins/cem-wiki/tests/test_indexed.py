"""Building the index of a whole wiki is broken off, and goes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Passage

MANY = {f"Page {number}": f"Text {number % 7} about number {number}." for number in range(90)}
MANY |= {f"Old {number}": f"-> Page {number}" for number in range(5)}
QUERIES = (["text 3", "Old 4"], ["about number 77", "Page 12"])


@pytest.fixture(params=["zim", "dump"])
def desk(request: pytest.FixtureRequest, whole: Any, wikis: Any, tmp_path: Path) -> Any:
    if request.param == "zim":
        file = wikis.write_zim(tmp_path / "wiki.zim", MANY)
    else:
        file = wikis.write_dump(tmp_path / "wiki.multi.bz2", MANY)
    whole.defaults = {"backend": request.param, "data": file}
    return whole


def answers(desk: Any) -> list[Passage]:
    return [*desk.retrieve(*QUERIES), *desk.source().documents(desk.ctx)]


def test_a_killed_process_loses_nothing(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(__file__).with_name("slowly.py")
    command = [sys.executable, str(script), desk.defaults["backend"], str(desk.defaults["data"]), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for _ in range(36):
            assert process.stdout is not None and process.stdout.readline() == "read\n"
        process.kill()
    kind = type(desk.source()._collection(desk.ctx))
    read_on, positions = kind.documents, []

    def noted(self: Any, position: str) -> Iterator[Any]:
        positions.append(position)
        return read_on(self, position)  # type: ignore[no-any-return]

    monkeypatch.setattr(kind, "documents", noted)
    built_on = answers(desk)
    assert desk.log == ["the index is built on from document 30"]
    assert len(positions) == 1 and positions[0] != ""
    desk.cache = tmp_path / "another"
    assert answers(desk) == built_on
    assert len(built_on) > 90


def test_a_bar_shows_how_far_it_is(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib
    from dataclasses import replace

    shown: list[float] = []

    class Bar:
        def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
            shown.append(steps)

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Bar]:
        shown.append(total or 0)
        yield Bar()

    monkeypatch.setattr("cem_index.building.STEP", 10)
    desk.source().open(replace(desk.ctx, progress=progress))
    total, *steps = shown
    assert len(steps) == 9
    assert 0 < sum(steps) <= total


def test_titles_are_one_line_of_text(desk: Any, wikis: Any, tmp_path: Path) -> None:
    odd = {"Odd\n\u202etitle": "<p>Some text</p>"}
    wikis.write_zim(tmp_path / "odd.zim", odd)
    wikis.write_dump(tmp_path / "odd.xml", odd)
    (passage,) = desk.retrieve(["some text"], data="odd.zim" if desk.defaults["backend"] == "zim" else "odd.xml")
    assert passage.title == "Odd title"


def test_a_file_without_pages_is_an_error(desk: Any, wikis: Any, tmp_path: Path) -> None:
    wikis.write_zim(tmp_path / "none.zim", {})
    wikis.write_dump(tmp_path / "none.xml", {})
    with pytest.raises(CemError, match=r"none\.\w+ holds no page"):
        desk.retrieve(["a"], data="none.zim" if desk.defaults["backend"] == "zim" else "none.xml")
