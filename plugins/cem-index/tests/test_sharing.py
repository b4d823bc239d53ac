"""An index that one machine has built is fetched by the others."""

from pathlib import Path
from typing import Any

import fsspec
import pytest

from cem_index import DiskIndex, open_index
from cem_toolkit.testing import make_context


def opened(machine: Path, documents: Any, indexes: str, log: list[str]) -> DiskIndex:
    machine.mkdir(exist_ok=True)
    ctx = make_context(machine, indexes=indexes, log=log.append)
    return open_index(ctx.cache, "key", documents, language="en", ctx=ctx)


def refuse(position: str) -> Any:
    raise AssertionError("the index is built again")


@pytest.mark.parametrize("address", ["memory://indexes/wiki", "file://{}/indexes/wiki"], ids=["memory", "disk"])
def test_built_once_for_all_machines(address: str, tmp_path: Path, documents: Any) -> None:
    address, said = address.format(tmp_path), list[str]()
    first = opened(tmp_path / "one", documents(200), address, said)
    second = opened(tmp_path / "two", refuse, address, said)
    assert [len(second), *second.search("river lake", 20)] == [len(first), *first.search("river lake", 20)]
    assert len(said) == 1, said
    assert "was fetched from" in said[0]
    assert len(opened(tmp_path / "two", refuse, "", said)) == len(first)


def test_one_that_is_damaged_or_out_of_reach_is_built(tmp_path: Path, documents: Any) -> None:
    address, said = "memory://damaged/wiki", list[str]()
    first = opened(tmp_path / "one", documents(200), address, said)
    fs, root = fsspec.url_to_fs(address)
    name = max(fs.find(root), key=fs.size)
    fs.pipe_file(name, bytes(fs.size(name)))
    assert len(opened(tmp_path / "two", documents(200), address, said)) == len(first)
    assert "is not the file that was sealed" in said[0]
    assert len(opened(tmp_path / "three", documents(200), "file:///proc/none/of/it", said)) == len(first)
    assert "the index is here only" in said[-1]
