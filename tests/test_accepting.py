"""What a plugin returns is checked before the core goes on with it."""

import dataclasses
from typing import Any

import pytest

from cem_toolkit.accepting import accept
from cem_toolkit.api import CemError, Passage
from cem_toolkit.testing import example_passages

GOOD = example_passages()[0]


def test_good_records_pass() -> None:
    assert accept("source any", Passage, iter([GOOD])) == [GOOD]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "gives a NoneType, where Passage records are due"),
        ("text", "gives a str, where Passage records are due"),
        ([{"text": "x"}], "gives a dict, where a Passage record is due"),
        ([dataclasses.replace(GOOD, text=5)], "has a 'text' that is no str: 5"),  # type: ignore[arg-type]
        ([dataclasses.replace(GOOD, weight=True)], "has a 'weight' that is no float: True"),
        ([dataclasses.replace(GOOD, hits=("x",))], "has a 'hits' that is no tuple"),  # type: ignore[arg-type]
    ],
)
def test_others_are_an_error_that_names_the_plugin(given: Any, said: str) -> None:
    with pytest.raises(CemError, match=f"^source any: .*{said}"):
        accept("source any", Passage, given)
