"""The parent's side of reading files in a child process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from cem_docs.blocks import Block, Document, Skipped

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Every thread takes address space, which the child has little of."""


class Child:
    """Reads files with `cem_docs.readers`, one after the other, in one process while that lives."""

    def __init__(self, max_chars: int, seconds: float) -> None:
        """`max_chars`, of one document's text with its headings, and `seconds` for reading it are the limits."""
        self._limits = {"max_chars": max_chars, "seconds": seconds}
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, reader: str, arguments: Mapping[str, Any]) -> Iterator[Document | Skipped]:
        """What `read(**arguments)` of a reader's module gives, and at last, where it fails, why."""
        process = self._process or self._start()
        assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
        request = {"reader": reader, "arguments": arguments, **self._limits}
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                kind, *fields = json.loads(line.decode("utf-8", "surrogatepass"))
                if kind == "end":
                    return
                yield Skipped(*fields) if kind == "skipped" else _document(*fields)
        except (BrokenPipeError, ValueError):  # it ended before it took the request, or within a line
            pass
        except BaseException:  # nobody reads on: what is left of the answer must not be taken for the next one's
            self.close()
            raise
        yield self._died(self.close(wait=5))

    def close(self, wait: float = 0) -> int:
        """Ends the process, after `wait` seconds where it does not by itself, and returns its exit status as
        `subprocess` does."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:
            try:
                return process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: a module of the working folder, which may be one of the documents', must not be imported.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "cem_docs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )
        return self._process

    def _died(self, code: int) -> Skipped:
        if code == -signal.SIGALRM:
            return Skipped("too slow", f"takes longer than {self._limits['seconds']:g} s")
        return Skipped("broken", f"ended the process that read it (exit status {code})")


def _document(title: str, url: str, licence: str, place: str, blocks: list[Any]) -> Document:
    told = [Block(tuple(headings), text, place) for headings, text, place in blocks]
    return Document(told, title, url, licence, place)
