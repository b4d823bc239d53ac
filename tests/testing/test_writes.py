import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cem_toolkit.testing.writes import watching_writes


@pytest.mark.parametrize(
    ("name", "seen"),
    [("{file}", True), ("file:{file}", True), ("file:{file}?mode=rw", True), ("file:{file}?mode=ro", False)],
)
def test_a_database_that_is_only_read_is_not_written(name: str, seen: bool, tmp_path: Path) -> None:
    file = tmp_path / "a b.db"
    sqlite3.connect(file).close()
    with watching_writes([], tmp_path) as written:
        sqlite3.connect(name.format(file=file), uri=True).close()
    assert written == ([str(file)] if seen else [])


def test_a_folder_is_seen_as_a_whole_where_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "mine" / "below").mkdir(parents=True)
    (tmp_path / "mine" / "below" / "file").touch()
    with watching_writes([tmp_path / "mine"], tmp_path) as written:
        shutil.rmtree(tmp_path / "mine" / "below")
    assert not written
    (tmp_path / "other").mkdir()
    with watching_writes([tmp_path / "mine"], tmp_path) as written:
        shutil.rmtree(tmp_path / "other")
    assert set(written) == {str(tmp_path / "other")}


def test_a_database_in_memory_is_nowhere(tmp_path: Path) -> None:
    with watching_writes([], tmp_path) as written, closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table pages (title)")
    assert not written
