"""Files are there whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from cem_toolkit.api import name_beside, replacing
from cem_toolkit.files import remove_abandoned


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "made" / "facts.json"
    with replacing(path) as beside:
        beside.write_text("one")
        assert not path.exists()
    with replacing(path) as beside:
        beside.write_text("two")
        assert path.read_text() == "one"
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "facts.json"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as beside:
        beside.write_text("ha")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_do_not_write_into_each_other(tmp_path: Path) -> None:
    names: list[Path] = []
    both = threading.Barrier(2)

    def write() -> None:
        with replacing(tmp_path / "facts.json") as beside:
            names.append(beside)
            both.wait(10)
            beside.write_text("whole")

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 2
    assert (tmp_path / "facts.json").read_text() == "whole"


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        name_beside(tmp_path / "facts.json").write_text("ha")
        name_beside(tmp_path / "index").mkdir()
        os._exit(0)
    os.waitpid(child, 0)
    mine = name_beside(tmp_path / "facts.json")
    mine.write_text("mine")
    elsewhere = tmp_path / f".facts.json.00000000-{child}-1.part"
    elsewhere.write_text("of another machine")
    strange = tmp_path / ".user.part"
    strange.write_text("not ours")
    assert len(list(tmp_path.iterdir())) == 5
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine, elsewhere, strange])
    remove_abandoned(tmp_path, all_of_them=True)
    assert list(tmp_path.iterdir()) == [strange]
