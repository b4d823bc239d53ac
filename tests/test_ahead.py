"""What was read ahead changes no result, and is read while the source still works."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.builtin.helpers import attempt, mistake_of, passage
from tests.test_openbook import Reader

from cem_toolkit import ahead, openbook
from cem_toolkit.ahead import Ahead
from cem_toolkit.api import Mistake, Passage
from cem_toolkit.config import OpenBookConfig
from cem_toolkit.openbook import OpenBook, read_passages
from cem_toolkit.testing import make_context

LANDS = [f"Land {number}" for number in range(25)]
ATTEMPTS = [
    attempt(f"What is the capital of {land}?", (f"Town of {land}", "Lagos"), f"Town of {land}", scores=(-2.0, -1.0))
    for land in LANDS
]
MISTAKES = [mistake_of(each) for each in ATTEMPTS]
OPTIONS = OpenBookConfig(mistakes=23)


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openbook, "PORTION", 5)
    monkeypatch.setattr(ahead, "SLOW", 0.0)


def of_mistake(mistake: Mistake) -> list[Passage]:
    """One of its own, one that all mistakes have in common; nothing for one in seven."""
    number = MISTAKES.index(mistake)
    own = passage(f"Page {number}", f"A Town of Land {number} is there." if number % 2 else "It is dry.", mistake)
    return [] if number % 7 == 0 else [own, passage("Lands", "All lands have a town.", mistake)]


def merged(found: Sequence[Passage]) -> list[Passage]:
    """Each passage once, as a source returns them."""
    whole: dict[str, Passage] = {}
    for each in found:
        known = whole.get(each.id)
        whole[each.id] = replace(each, hits=(*known.hits, *each.hits)) if known else each
    return list(whole.values())


ALL = merged([each for mistake in MISTAKES for each in of_mistake(mistake)])


def until(holds: Callable[[], bool]) -> None:
    """Waits as a source does, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def plan() -> OpenBook:
    return OpenBook.plan(ATTEMPTS, MISTAKES, 0, OPTIONS)


def read(folder: Path, score: Any, known: Any) -> Any:
    return read_passages(ATTEMPTS, MISTAKES, ALL, make_context(folder, score=score), OPTIONS, known)


def test_portions_are_fixed_before_anything_is_found() -> None:
    portions = plan().portions
    assert len(portions) == 4 and sum(map(len, portions)) == 23 and min(map(len, portions)) >= 5
    assert [each for portion in portions for each in portion] == [m for m in MISTAKES if any(m in p for p in portions)]


@pytest.mark.parametrize("earlier", [[], [passage("Lands", "All lands have a town.", *MISTAKES[::2])]], ids=["", "two"])
def test_results_are_the_same_and_only_the_last_portion_is_left_to_ask(tmp_path: Path, earlier: list[Passage]) -> None:
    reader, later, alone = Reader(), Reader(), Reader()
    kept = Ahead()
    texts = [*earlier, *(each for each in ALL if each.id not in {one.id for one in earlier})]
    with kept.listening(plan(), lambda found: found, reader, earlier, pytest.fail) as found:
        for mistake in MISTAKES[:-1]:
            found(mistake.id, of_mistake(mistake))
            found("m-unknown", ALL)
        until(lambda: len(kept.known) == 3)
        found(MISTAKES[-1].id, of_mistake(MISTAKES[-1]))
    ctx = make_context(tmp_path, score=later)
    result = read_passages(ATTEMPTS, MISTAKES, texts, ctx, OPTIONS, kept.known)
    ctx = make_context(tmp_path, score=alone)
    assert result == read_passages(ATTEMPTS, MISTAKES, texts, ctx, OPTIONS)
    assert reader.asked + later.asked == alone.asked
    assert reader.asked and later.asked


def test_a_portion_is_read_while_the_source_works() -> None:
    was_read = threading.Event()

    def score(ways: Sequence[Any]) -> list[tuple[float, ...]]:
        was_read.set()
        return [(0.0,) for _ in ways]

    with Ahead().listening(plan(), lambda found: found, score, [], pytest.fail) as found:
        for mistake in MISTAKES[:12]:
            found(mistake.id, of_mistake(mistake))
        assert was_read.wait(10), "nothing is read before the source is done"


def test_what_the_guard_drops_is_not_read(tmp_path: Path) -> None:
    reader, kept = Reader(), Ahead()
    with kept.listening(plan(), lambda found: [], reader, [], pytest.fail) as found:
        for mistake in MISTAKES:
            found(mistake.id, of_mistake(mistake))
    assert reader.asked == [] and kept.known == {}
    assert read(tmp_path, reader, kept.known)[2], "what the guard kept in the end is read all the same"


@pytest.mark.parametrize("error", [NotImplementedError("cannot score"), RuntimeError("out of memory")], ids=repr)
def test_a_failure_is_logged_and_costs_nothing(tmp_path: Path, error: Exception) -> None:
    said: list[str] = []
    kept = Ahead()

    def fail(ways: Sequence[Any]) -> list[tuple[float, ...]]:
        raise error

    with kept.listening(plan(), lambda found: found, fail, [], said.append) as found:
        for mistake in MISTAKES:
            found(mistake.id, of_mistake(mistake))
    assert said == [f"nothing was read ahead: {error}"]
    assert read(tmp_path, Reader(), kept.known) == read(tmp_path, Reader(), {})


def test_beside_a_fast_source_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SLOW", 60.0)
    kept = Ahead()
    with kept.listening(plan(), lambda found: found, Reader(), [], pytest.fail) as found:
        for mistake in MISTAKES:
            found(mistake.id, of_mistake(mistake))
    assert kept.known == {}


def test_an_error_of_the_source_ends_it() -> None:
    with (
        pytest.raises(OSError, match="gone"),
        Ahead().listening(plan(), lambda found: found, Reader(), [], pytest.fail) as found,
    ):
        found(MISTAKES[0].id, [])
        raise OSError("gone")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]
