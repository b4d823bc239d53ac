"""The child process in which files are read: one that hangs, crashes or wants all memory takes no more than this down.

It takes requests and gives answers as lines of JSON (`cem_docs.child`), and ends when its input does.
"""

import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cem_docs.blocks import Document, Skipped, Unreadable

MEMORY = 4 << 30
"""Bytes of address space."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _limit(resource.RLIMIT_AS, MEMORY)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the system ends this process, wherever it hangs
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # Only the library datasets has to keep files.
        _limit(resource.RLIMIT_FSIZE, -1 if request["reader"] == "hub" else 0)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        for answer in _answer(request):
            signal.setitimer(signal.ITIMER_REAL, 0)  # waiting for the reader of the answers takes none of its time
            answers.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            if answer == ["end"]:
                answers.flush()
            else:
                signal.setitimer(signal.ITIMER_REAL, request["seconds"])


def _limit(which: int, size: int) -> None:
    _, hard = resource.getrlimit(which)
    soft = hard if size < 0 else size if hard < 0 else min(size, hard)
    resource.setrlimit(which, (soft, hard))


def _answer(request: dict[str, Any]) -> Iterator[list[Any]]:
    arguments = request["arguments"]
    if "path" in arguments:
        arguments["path"] = Path(arguments["path"])
    try:
        reader = importlib.import_module(f"cem_docs.readers.{request['reader']}")
        for found in reader.read(**arguments):
            yield _told(found, request["max_chars"])
    except Unreadable as unreadable:
        yield _skipped(unreadable.skipped)
    except MemoryError:
        yield _skipped(Skipped("too large", f"wants more than {MEMORY >> 30} GB of memory"))
    except Exception as error:  # whatever a foreign file makes a library raise
        yield _skipped(Skipped("broken", f"{type(error).__name__}: {' '.join(str(error)[:200].split())}"))
    yield ["end"]


def _told(found: Document | Skipped, max_chars: int) -> list[Any]:
    if isinstance(found, Skipped):
        return _skipped(found)
    blocks, size = [], 0
    for block in found.blocks:
        size += len(block.text) + sum(map(len, block.headings))
        if size > max_chars:
            raise Unreadable("too large", "holds more text than max_megabytes")
        blocks.append(block)
    return ["document", found.title, found.url, found.licence, found.place, blocks]


def _skipped(skipped: Skipped) -> list[Any]:
    return ["skipped", skipped.kind, skipped.reason, skipped.place]


if __name__ == "__main__":
    main()
