"""Early stopping by questions that nothing trains on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError, Row
from cem_trl import stopping, watch

OPTIONS = {"epochs": 4, "batch_size": 3, "learning_rate": 1e-2, "early_stopping": True, "interpolation": 1.0}
PASS = 2
"""Steps: six rows in threes."""


@pytest.fixture
def asked() -> tuple[Row, ...]:
    return (
        Row.make(kind="normative", prompt="Question: home of lions?\nAnswer:", completion=" Africa", parents=("s",)),
    )


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the passes are found to lose, one after the other."""
    given: list[float] = []
    monkeypatch.setattr(stopping, "mean_loss", lambda *args: given.pop(0))
    return given


def weights(folder: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return loaded


def test_it_stops_after_the_first_worse_pass_and_takes_the_best(
    train: Any, asked: tuple[Row, ...], losses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[dict[str, torch.Tensor]] = []
    keep = stopping.EarlyStopping._keep

    def spy(self: stopping.EarlyStopping, step: int, loss: float) -> None:
        kept.append({name: weight.detach().clone() for name, weight in self._trained()})
        keep(self, step, loss)

    monkeypatch.setattr(stopping.EarlyStopping, "_keep", spy)
    losses += [3.0, 2.0, 2.5, 1.0]
    figures, folder = train(OPTIONS | {"precision": "float32"}, stopping=asked)
    assert (figures["steps"], figures["best_step"]) == (3 * PASS, 2 * PASS)
    assert figures["stopping_losses"] == [[2, 3.0], [4, 2.0], [6, 2.5]]
    assert len(kept) == 2
    saved = weights(folder)
    assert all(torch.equal(saved[name], weight) for name, weight in kept[-1].items())
    assert figures["tokens"] * 4 == train({**OPTIONS, "early_stopping": False}, "all")[0]["tokens"] * 3


def test_the_loss_is_that_of_the_asked_answers(train: Any, asked: tuple[Row, ...]) -> None:
    figures, _ = train(OPTIONS | {"epochs": 8}, stopping=asked)
    (_, first), (_, second) = figures["stopping_losses"][:2]
    assert second < first  # its answer stands in the rows, too
    assert first < 10


@pytest.mark.parametrize("more", [{"method": "lora"}, {"method": "lora", "merge": False}, {"freeze": "none"}], ids=str)
def test_it_goes_with_every_method(train: Any, asked: tuple[Row, ...], losses: list[float], more: Any) -> None:
    losses += [1.0, 2.0]
    figures, folder = train(OPTIONS | more, stopping=asked)
    assert figures["best_step"] == PASS
    assert any(folder.glob("*.safetensors"))


def test_a_resumed_training_stops_where_it_would_have(
    train: Any, context: Any, rows: list[Row], asked: tuple[Row, ...], losses: list[float], monkeypatch: Any
) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))
    options = OPTIONS | {"checkpoint_seconds": 1e-6}
    losses += [3.0, 2.0, 2.5]
    _, whole = train(options, "whole", stopping=asked)
    keep = stopping.EarlyStopping._keep

    def interrupted(self: stopping.EarlyStopping, step: int, loss: float) -> None:
        keep(self, step, loss)
        if step == 2 * PASS:  # kept, but no checkpoint of this step was written yet
            raise KeyboardInterrupt

    losses += [3.0, 2.0]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stopping.EarlyStopping, "_keep", interrupted)
        train(options, "parts", stopping=asked)
    losses += [2.0, 2.5]
    figures, parts = train(options, "parts", stopping=asked)
    assert figures["resumed_from_step"] > 0
    assert (figures["steps"], figures["best_step"]) == (3 * PASS, 2 * PASS)
    assert all(torch.equal(weight, weights(parts)[name]) for name, weight in weights(whole).items())


def test_without_questions_it_says_what_to_set(train: Any) -> None:
    with pytest.raises(CemError, match=r"split\.stopping"):
        train(OPTIONS)
