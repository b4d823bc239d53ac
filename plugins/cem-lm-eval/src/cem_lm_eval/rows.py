"""Reading the rows of a question file (JSON Lines, CSV or Parquet), each with its place in the file."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, parse_json

Row = tuple[str, Mapping[str, Any]]
"""Where a row stands ("line 3", "row 3") and its values by column."""


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of the question file `path`, in order.

    Raises CemError, naming file and line, where the file is missing or not of the kind that its name says.
    """
    if not path.is_file():
        raise CemError(f"{path}: there is no such question file; correct its path")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise CemError(f"{path}: question files end in {', '.join(READERS)}; convert it to one of these")
    try:
        yield from reader(path)
    except OSError as error:
        said = " ".join(str(error.strerror or error).split())[:200]
        raise CemError(f"{path}: cannot be read ({said}); check its permissions") from error


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CemError(f"{path}, line {line}: not UTF-8 text; save the file in UTF-8") from error


def _read_jsonl(path: Path) -> Iterator[Row]:
    # Not splitlines(): JSON strings may hold U+2028 and its like, which end no line of JSON Lines.
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise CemError(f"{path}, line {number}: not JSON ({said}); write one JSON object a line") from error
        if not isinstance(row, dict):
            raise CemError(f"{path}, line {number}: a {type(row).__name__}, not a JSON object with a question")
        yield f"line {number}", row


def _read_csv(path: Path) -> Iterator[Row]:
    reader = csv.DictReader(_text(path).splitlines(keepends=True), strict=True)
    end = 1
    try:
        for row in reader:
            start, end = end + 1, reader.line_num
            if None in row or None in row.values():
                raise CemError(
                    f"{path}, line {start}: not as many fields as the header has columns; "
                    "put texts with commas in double quotes"
                )
            yield f"line {start}", {name.strip(): value for name, value in row.items()}
    except csv.Error as error:
        raise CemError(f"{path}, line {reader.line_num}: not CSV ({error}); check the quotes") from error


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:  # ValueError: of texts that are not UTF-8
        said = " ".join(str(error).split())[:200]
        raise CemError(f"{path}: not a Parquet file ({said}); write it anew") from error
    for number, row in enumerate(rows, 1):
        yield f"row {number}", row


READERS = {".jsonl": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet}
