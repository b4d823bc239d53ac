"""The mixers keep the rules of every mixer, and the rows of `cem`."""

from collections.abc import Sequence
from typing import Any

import pytest

from cem_continual.clip import ClipMixer, easy_to_hard
from cem_continual.delta import DeltaMixer, PairingOptions, paired
from cem_continual.labels import is_closed, labelled
from cem_toolkit.api import CemError, Context, Row
from cem_toolkit.testing import MixerTests


def score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
    """The longer, the harder, by more than its words."""
    return [tuple(-(float(len(each)) ** 2) for each in asked) for _, asked in pairs]


class TestDelta(MixerTests):
    component = DeltaMixer


class TestClip(MixerTests):
    component = ClipMixer

    def context(self, folder: Any, **changes: Any) -> Context:
        return super().context(folder, **({"score": score} | changes))


def asked(label: str, number: int) -> Row:
    return Row.make(kind="normative", prompt=f"{label} {number}?", completion=f" {label}", parents=(f"p{number}",))


def test_rows_go_from_easy_to_hard(context: Any) -> None:
    rows = [asked("a", 1), asked("bbbb", 1), asked("cc", 1)]
    assert [row.completion for row in easy_to_hard(rows, context(score=score))] == [" a", " cc", " bbbb"]


def test_clip_needs_an_evaluator_that_scores(context: Any) -> None:
    with pytest.raises(CemError, match="mixer clip needs to know how hard rows are"):
        easy_to_hard([asked("a", 1)], context())


def test_rare_rows_come_with_exemplars() -> None:
    rows = [asked("common", each) for each in range(12)] + [asked("rare", each) for each in range(3)]
    assert is_closed([*rows, *rows])
    made = paired(rows, PairingOptions(labels="closed", exemplars=9), seed=0)
    assert [row.weight for row in made[:12]] == [1] * 12
    assert sum(row.weight for row in made[12:]) == 12, "as often as the common ones"
    capped = paired(rows, PairingOptions(labels="closed", exemplars=1), seed=0)
    assert sum(row.weight for row in capped[12:]) == 6
    assert [row.id for row in made] == [row.id for row in rows]


def test_free_text_goes_by_what_it_is_about() -> None:
    rows = [asked("x", each) for each in range(3)]
    rows.append(Row.make(kind="review", prompt="q", completion="a", parents=("a1",)))
    assert [labelled(rows)(row) for row in rows] == ["p0", "p1", "p2", ""]
    assert paired(rows, PairingOptions(), seed=0) == rows


def test_options_of_cem_are_checked(context: Any) -> None:
    with pytest.raises(CemError, match=r"mixer\.cem\.max_passages: ") as error:
        DeltaMixer(DeltaMixer.Options(cem={"max_passages": 0})).check(context())
    assert "\n" not in str(error.value)
