"""Tables of what a trainer measured, which the report shows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cem_toolkit.errors import CemError

PLACES = 3
"""Of a number that is not whole."""


@dataclass(frozen=True)
class Table:
    """What the report shows of it; all of it is a stranger's text."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_tables(figures: Any) -> Iterator[Table]:
    """The tables among a stage's figures, as `Trainer.train` describes them, with their numbers written out. Raises
    CemError where one is none."""
    for data in _list(figures, "tables"):
        if not isinstance(data, dict):
            raise CemError("is no object")
        title, text = (data.get(name) for name in ("title", "text"))
        columns = _list(data.get("columns"), "columns")
        rows = [_list(row, "a row") for row in _list(data.get("rows"), "rows")]
        if not all(isinstance(each, str) for each in (title, text, *columns)) or not columns:
            raise CemError("needs a title, a text and columns")
        if any(len(row) != len(columns) for row in rows):
            raise CemError(f"has a row that is not as long as its columns: {title}")
        yield Table(str(title), str(text), tuple(columns), tuple(tuple(map(_said, row)) for row in rows))


def check_tables(who: str, tables: Any) -> None:
    """Raises CemError, in the name of `who`, where the report could not show them."""
    try:
        list(read_tables(tables))
    except CemError as error:
        raise CemError(f"{who}: a table among its figures {error}") from None


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise CemError(f"has {what} that are no list")
    return list(value)


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value.is_integer():
        return f"{int(value):,}"
    return f"{value:.{PLACES}g}" if math.isfinite(value) else str(value)
