"""Other methods of training, as plugins give them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError, Context, Row
from cem_trl import watch
from cem_trl.by_method import MethodTrainer
from cem_trl.encoding import Encoder, Example
from cem_trl.method import Method
from cem_trl.passes import example_losses
from cem_trl.trainer import Trl

OPTIONS: dict[str, Any] = {"epochs": 3, "batch_size": 2, "learning_rate": 1e-3, "checkpoint_seconds": 1e-6}


class Plain(Method):
    """The mean loss, and a count of steps that a checkpoint has to keep."""

    def __init__(self, until: int = 0) -> None:
        self.steps, self.until = 0, until

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        self.first = next(iter(model.parameters())).detach().sum().item()

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        if self.until and self.steps == self.until:
            raise CemError("interrupted")
        assert number == self.steps
        self.steps += 1
        return example_losses(model, examples).mean()

    def state(self) -> Mapping[str, torch.Tensor]:
        return {"steps": torch.tensor(self.steps)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self.steps = int(state["steps"])

    def end(self, model: Any) -> Mapping[str, Any]:
        return {"counted": self.steps, "first": self.first}


class Descent(Plain):
    """The same loss by gradients of its own."""

    optimizer: ClassVar[Any] = "sgd"

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        loss = super().step(model, examples, number)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def done(self, model: Any, number: int) -> bool:
        return number == 2


class ByMethod(MethodTrainer):
    name, version = "by-method", "1"
    makes: Method = Plain()

    def method(self, ctx: Context) -> Method:
        return self.makes


@pytest.fixture(autouse=True)
def checkpoint_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))


def train(method: Method, rows: Sequence[Row], ctx: Context, **options: Any) -> tuple[Mapping[str, Any], Any]:
    trainer = ByMethod(ByMethod.Options(**OPTIONS | options))
    trainer.makes = method
    trainer.check(ctx)
    figures = trainer.train(rows, ctx)
    return figures, load_file(ctx.folder / "model" / "model.safetensors")


def test_the_same_loss_is_the_same_training(rows: list[Row], context: Any) -> None:
    """But for what is summed in another order: one row of each step is the whole batch."""
    single = {"batch_size": 1}
    figures, weights = train(Plain(), rows, context("mine"), **single)
    ctx = context("trl")
    by_trl = Trl(Trl.Options(**OPTIONS | single | {"interpolation": 1.0, "optimizer": "adamw"})).train(rows, ctx)
    usual = load_file(ctx.folder / "model" / "model.safetensors")
    mine, theirs = ([loss for _, loss in each["losses"]] for each in (figures, by_trl))
    assert mine == pytest.approx(theirs, rel=1e-5)
    assert all(torch.allclose(weights[name], usual[name], atol=1e-5) for name in usual)


def test_an_interrupted_one_goes_on_with_what_it_knew(rows: list[Row], context: Any) -> None:
    whole, weights = train(Plain(), rows, context("whole"))
    with pytest.raises(CemError, match="interrupted"):
        train(Plain(until=5), rows, context("cut"))
    figures, again = train(Plain(), rows, context("cut"))
    assert figures["resumed_from_step"] == 5
    assert figures["counted"] == whole["counted"] == 9
    assert figures["first"] == whole["first"], "it begins with the model of the beginning"
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_gradients_may_be_its_own_and_it_may_end_early(rows: list[Row], context: Any) -> None:
    figures, weights = train(Descent(), rows, context("descent"), schedule="constant", warmup_ratio=0)
    start = load_file(context().model.path / "model.safetensors")
    assert figures["steps"] == figures["counted"] == 2
    moved = max(float((weights[name] - start[name]).abs().max()) for name in start)
    assert 0 < moved < 2 * 1e-3, "two steps by gradients of norm 1 at most"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"processes": 2}, "by-method trains in one process"), ({"kl": 0.1}, "by-method has a loss of its own")],
)
def test_what_a_step_of_its_own_leaves_out_is_refused(options: dict[str, Any], said: str, context: Any) -> None:
    with pytest.raises(CemError, match=said):
        ByMethod(ByMethod.Options(**options)).check(context())


def test_results_are_kept_apart_by_the_version_of_trl(context: Any) -> None:
    assert Trl.version in ByMethod(ByMethod.Options()).fingerprint(context())
