"""Tables that trainers leave for the report."""

from typing import Any

import pytest

from cem_toolkit.errors import CemError
from cem_toolkit.tables import check_tables, read_tables

WHOLE = {"title": "Leaks", "text": "By way.", "columns": ["way", "share"], "rows": [["said again", 0.12345], ["", 3]]}


def test_numbers_are_written_out() -> None:
    (table,) = read_tables([WHOLE | {"rows": [["a", 0.12345], ["b", 1234], ["c", None], ["d", float("nan")]]}])
    assert table.rows == (("a", "0.123"), ("b", "1,234"), ("c", "–"), ("d", "nan"))
    assert list(read_tables([])) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [["a"]]}, "not as long as its columns: Leaks"),
        ({"rows": "ab"}, "rows that are no list"),
        ({"columns": []}, "needs a title, a text and columns"),
        ({"title": 3}, "needs a title"),
    ],
)
def test_what_could_not_be_shown_is_told_when_it_is_made(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CemError, match=f"trainer toy: a table among its figures .*{said}"):
        check_tables("trainer toy", [WHOLE | change])
    with pytest.raises(CemError, match="is no object"):
        check_tables("trainer toy", ["words"])
