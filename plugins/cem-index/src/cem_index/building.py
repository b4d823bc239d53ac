"""Building an index as a stream: in bounded memory, and going on where a killed process stopped."""

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cem_index.document import Document
from cem_index.fields import ANALYSER, make_record, make_schema
from cem_index.journal import START, Entry, Journal
from cem_index.words import make_analyser
from cem_toolkit.api import CemError, Context

if TYPE_CHECKING:
    import tantivy

COMMIT = 10_000
"""Records from one commit to the next: as many are lost, and read again, at most when building is broken off."""
STEP = 100
"""Records from one advance of the progress bar to the next."""
HEAP = 100_000_000
"""Bytes of terms that tantivy gathers before it writes a segment."""
JOURNAL = "positions.jsonl"

Documents = Callable[[str], Iterable[tuple[Document, str]]]
"""From a position, "" being the beginning, the documents after it, each with the position after that document."""


def build(
    path: Path,
    documents: Documents,
    language: str,
    total: int | None,
    reached: Callable[[str], int] | None,
    ctx: Context,
) -> int:
    """Makes the index in `path` whole, going on from what lies there, and returns its number of documents.

    Raises CemError where it cannot be written, and whatever `documents` raises; what was committed until then stays.
    """
    index, entry = _begin(path, language, ctx)
    if entry.records:
        ctx.log(f"the index is built on from document {entry.records:,}")
    with _writer(index, path) as writer, ctx.progress("index", total) as step:
        journal, committed, shown = Journal(path / JOURNAL), entry, 0
        for document, position in documents(entry.position):
            with written(path):
                writer.add_document(make_record(document, entry.documents))
            entry = Entry(entry.records + 1, entry.documents + (not document.target), position)
            if entry.records % STEP == 0:
                now = reached(position) if reached else entry.records
                step.advance(now - shown)
                shown = now
            if entry.records - committed.records == COMMIT:
                _commit(writer, journal, entry, path)
                committed = entry
        if entry.records > committed.records:
            _commit(writer, journal, entry, path)
    return entry.documents


def _begin(path: Path, language: str, ctx: Context) -> tuple["tantivy.Index", Entry]:
    """The index as it was last committed, with where the source stood; an empty one where what lies there is not
    usable."""
    import tantivy

    if path.exists():
        try:
            index = tantivy.Index(make_schema(), path=str(path))
            if entry := Journal(path / JOURNAL).find(index.searcher().num_docs):
                index.register_tokenizer(ANALYSER, make_analyser(language))
                return index, entry
        except (ValueError, OSError):
            pass
        ctx.log(f"the index in {path} is damaged: building it again")
        shutil.rmtree(path, ignore_errors=True)
    with written(path):
        path.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(make_schema(), path=str(path))
    index.register_tokenizer(ANALYSER, make_analyser(language))
    return index, START


@contextlib.contextmanager
def _writer(index: "tantivy.Index", path: Path) -> Iterator["tantivy.IndexWriter"]:
    """One thread, which keeps documents in their order. What is not committed at the end is dropped (a tantivy writer's
    own `with` would commit it)."""
    with written(path):
        writer = index.writer(HEAP, 1)
    try:
        yield writer
    except BaseException:
        with contextlib.suppress(ValueError, RuntimeError):
            writer.wait_merging_threads()
        raise
    with written(path):
        writer.wait_merging_threads()


def _commit(writer: "tantivy.IndexWriter", journal: Journal, entry: Entry, path: Path) -> None:
    with written(path):
        journal.add(entry)
        writer.commit()


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Errors while writing in `path`, as one line."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        free = shutil.disk_usage(next(folder for folder in (path, *path.parents) if folder.exists())).free
        said = f"the index in {path} cannot be written ({error}), with {free / 1e9:.1f} GB free on that disk;"
        said += " mend that and run again: it goes on from what is written"
        raise CemError(" ".join(said.split())) from None
