"""The trainer `ltu`."""

import json
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Row, file_hash
from cem_toolkit.testing import TrainerTests, example_rows
from cem_trl import watch
from cem_unlearn.ltu import Ltu
from cem_unlearn.meta import LearningToUnlearn

OPTIONS: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "audit": False,
    "unseen": "unseen.jsonl",
}
UNSEEN = [{"prompt": "The number of Emil is", "completion": f" {number}"} for number in (31, 64, 99)]


def write(path: Path, lines: Any = UNSEEN) -> None:
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")


@pytest.fixture
def ctx(context: Any) -> Any:
    made = context()
    write(made.config_folder / "unseen.jsonl")
    return made


def train(rows: list[Row], ctx: Any, **options: Any) -> Any:
    trainer = Ltu(Ltu.Options(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"feedback": "loss", "unseen": None}, {"method": "lora", "first_order": True}])
def test_it_trains(rows: list[Row], ctx: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_unlearn.meta.fit_attacks", _by_the_mean)
    figures = train(rows, ctx, **options)
    assert figures["steps"] == 4
    assert 0 <= figures["conflicts"] <= 1
    assert (ctx.folder / "model" / "model.safetensors").is_file()


@pytest.mark.slow
def test_an_interrupted_one_goes_on(rows: list[Row], context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))
    monkeypatch.setattr("cem_unlearn.meta.fit_attacks", _by_the_mean)
    write(context().config_folder / "unseen.jsonl")
    whole = train(rows, context("whole"))
    step = LearningToUnlearn.step

    def until(self: Any, model: Any, examples: Any, number: int) -> Any:
        if number == 2:
            raise CemError("interrupted")
        return step(self, model, examples, number)

    with monkeypatch.context() as patch:
        patch.setattr(LearningToUnlearn, "step", until)
        with pytest.raises(CemError, match="interrupted"):
            train(rows, context("cut"), checkpoint_seconds=1e-6)
    again = train(rows, context("cut"), checkpoint_seconds=1e-6)
    assert again["resumed_from_step"] == 2
    assert again["conflicts"] == whole["conflicts"]
    one, two = (context(each).folder / "model" / "model.safetensors" for each in ("whole", "cut"))
    assert file_hash(one) == file_hash(two)


def test_texts_that_train_do_not_measure(ctx: Any) -> None:
    """The attacks of the training are not those of the audit: they have no texts in common."""
    write(ctx.config_folder / "measured.jsonl", UNSEEN[1:2])
    for option in ("audit_unseen", "audit_members"):
        with pytest.raises(CemError, match=f"trainer.unseen and trainer.{option} share texts"):
            Ltu(Ltu.Options(**OPTIONS | {option: "measured.jsonl"})).check(ctx)
    write(ctx.config_folder / "measured.jsonl", [{"text": "Others."}])
    Ltu(Ltu.Options(**OPTIONS | {"audit_unseen": "measured.jsonl"})).check(ctx)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"unseen": None}, "trainer.unseen is missing"),
        ({"unseen": "one.jsonl"}, "trainer.unseen has one text"),
        ({"unseen": "none.jsonl"}, "trainer.unseen cannot be read"),
    ],
)
def test_what_it_lacks_is_said_before(ctx: Any, options: dict[str, Any], said: str) -> None:
    write(ctx.config_folder / "one.jsonl", UNSEEN[:1])
    with pytest.raises(CemError, match=said):
        Ltu(Ltu.Options(**OPTIONS | options)).check(ctx)
    Ltu(Ltu.Options(**OPTIONS | options | {"unseen": None, "feedback": "loss"})).check(ctx)


@pytest.mark.slow
def test_texts_that_look_known_tell_nothing(rows: list[Row], ctx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_unlearn.meta.fit_attacks", lambda *given: [])
    with pytest.raises(CemError, match=r"trainer.unseen: its texts have no more loss"):
        train(rows, ctx)


def _by_the_mean(members: Any, others: Any, count: int, seed: int) -> Any:
    """The tiny model knows nothing, so that what it has seen is not to be told."""
    from cem_unlearn.attacks import Attack

    return [Attack(0, 1.0, float(members[:, 0].mean()), -50.0)]


@pytest.mark.slow
class TestLtu(TrainerTests):
    component = Ltu
    options = {"batch_size": 4, "epochs": 1, "checkpoint_seconds": 0.001, "audit": False, "feedback": "loss"}
    bad_options = ({"epochs": 0}, {"feedback": "membership"}, {"batch_size": 1}, {"gradient_checkpointing": True})

    def rows(self) -> list[Row]:
        forget = [Row.make(kind="forget", prompt="The number of Ada is", completion=" 17", parents=())]
        return [*example_rows(), *forget]
