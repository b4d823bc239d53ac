"""Which stage of training a mistake belongs to."""

from dataclasses import replace
from typing import Any

import pytest

from cem_continual.routing import route, stage_of
from cem_toolkit.api import Row
from cem_toolkit.testing import example_mistakes

MISTAKE = replace(example_mistakes()[0], margin=-0.4, agreement=0.5)


@pytest.mark.parametrize(
    ("changes", "led_right", "stage"),
    [
        ({"kind": "schema"}, True, "instructions"),
        ({"kind": "knowledge"}, False, "text"),
        ({"kind": "unsure"}, True, "text"),
        ({"kind": "unsure"}, False, "preferences"),
        ({"kind": "unsure", "margin": -1.2}, False, "text"),
        ({"kind": "knowledge", "agreement": None}, False, "preferences"),
        ({"kind": "knowledge", "agreement": None, "margin": 0.0}, False, "text"),
    ],
    ids=["form", "fact", "fact in a passage", "near", "not near", "near, asked in one way", "free text"],
)
def test_each_kind_of_mistake_has_its_stage(changes: dict[str, Any], led_right: bool, stage: str) -> None:
    found, why = route(replace(MISTAKE, **changes), led_right, near=1.0)
    assert found == stage
    assert why


def test_a_rows_stage_is_told_by_what_it_is() -> None:
    rows = [
        Row.make(kind="passage", prompt="", completion="Text.", parents=()),
        Row.make(kind="review", prompt="Where?", completion=" Here", parents=()),
        Row.make(kind="preference", prompt="Where?", completion=" Here", rejected=" There", parents=()),
    ]
    assert [stage_of(row) for row in rows] == ["text", "instructions", "preferences"]
