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


def test_a_database_in_memory_is_nowhere(tmp_path: Path) -> None:
    with watching_writes([], tmp_path) as written, closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table pages (title)")
    assert not written
