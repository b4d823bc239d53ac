"""Answers on disk."""

from pathlib import Path
from typing import Any

import pytest

from cem_search.cache import DAY, Cache


def test_what_was_stored_is_there_until_it_is_too_old(tmp_path: Path, clock: Any) -> None:
    cache = Cache(tmp_path, 2.0, clock)
    cache.store({"a": 1}, "page", "x")
    assert cache.load("page", "x") == {"a": 1}
    assert cache.load("page", "y") is None
    clock.sleep(2 * DAY + 1)
    assert cache.load("page", "x") is None


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"key": ["page", "x"]}', b"\xff", b'{"key": 1, "time": "x"}'])
def test_a_broken_file_is_no_answer(tmp_path: Path, clock: Any, broken: bytes) -> None:
    cache = Cache(tmp_path, 2.0, clock)
    cache.store(1, "page", "x")
    (file,) = tmp_path.rglob("*.json")
    file.write_bytes(broken)
    assert cache.load("page", "x") is None
