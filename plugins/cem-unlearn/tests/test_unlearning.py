"""What is memorised is unlearnt, from start to end."""

from collections.abc import Callable
from typing import Any

import pytest

from cem_toolkit.api import Context, Model, Row
from cem_trl.trainer import Trl
from cem_unlearn.icu import Icu


@pytest.mark.slow
def test_what_was_memorised_is_no_longer_written(rows: list[Row], context: Callable[..., Context]) -> None:
    common: dict[str, Any] = {"device": "cpu", "precision": "float32", "gradient_checkpointing": False}
    ctx = context("memorising")
    Trl(
        Trl.Options(
            **common, epochs=60, batch_size=5, learning_rate=1e-2, interpolation=1, freeze="none", checkpoint_seconds=0
        )
    ).train(rows, ctx)
    memorised = Model(name="memorised", path=ctx.folder / "model", fingerprint="memorised")
    ctx = context("unlearning", model=memorised)
    figures = Icu(Icu.Options(**common, learning_rate=2e-3, memorisation=0, epochs=10)).train(rows, ctx)
    before, after = figures["audit"]["models"]["before"], figures["audit"]["models"]["after"]
    assert before["forget_written"] == 1
    assert after["forget_written"] == 0
    assert after["retained_perplexity"] < 1.2 * before["retained_perplexity"]
    course = figures["tables"][0]["rows"]
    assert [row[1] for row in course][0 :: len(course) - 1] == [2, 0], "on at first, and off in the end"
    assert figures["steps"] < 10, "then it ends"
