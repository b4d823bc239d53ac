"""Indexes that machines share by an address: built by one, fetched by the others."""

from pathlib import Path

from cem_index.seal import seal, whole
from cem_toolkit.api import CemError, Context, fetch_folder, send_folder


def fetched(path: Path, ctx: Context) -> int | None:
    """The number of documents of the index in `path`, which another machine has shared; None where none has, or it
    cannot be had: then it is built."""
    try:
        if not fetch_folder(ctx.indexes, path.name, path):
            return None
    except CemError as error:
        ctx.log(f"{error}; the index is built here")
        return None
    count = whole(path)
    if count is not None:
        seal(path, count)  # the files have other times here, and would be hashed at every start
        ctx.log(f"the index {path.name} was fetched from {ctx.indexes}")
    return count


def share(path: Path, ctx: Context) -> None:
    """Copies a finished index to where other machines look for it; where that fails, the run goes on."""
    try:
        send_folder(ctx.indexes, path.name, path)
    except CemError as error:
        ctx.log(f"{error}; the index is here only")
