"""What an engine's processes printed."""

import re
from pathlib import Path

from cem_toolkit.plain import brief

_ERROR = re.compile(r"(?:\[rank\d+\]: ?)?(?!torch\.distributed)[\w.]+(?:Error|Exception|Interrupt|Exit): ")
"""How Python names what was raised."""


def last_line(log: Path, start: int = 0) -> str:
    """The last line that processes printed to the file `log` behind its byte `start`, an error's where there is one: in
    at most 300 characters, none of which a terminal would obey."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        lines = []
    said = [line.strip() for line in lines if any(map(str.isalnum, line))]
    # A launcher has its own last words, after those of the process that failed.
    errors = [line for line in said if _ERROR.match(line)]
    return brief((errors or said or ["they said nothing"])[-1])
