"""The trainer `mulki`, on a tiny random model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from cem_continual.mulki import Mulki, MulkiOptions
from cem_continual.mulki_method import Read, Teacher, TwoTeachers, read
from cem_toolkit.api import CemError, Model, Row
from cem_toolkit.testing import TrainerTests, make_context, make_tiny_model
from cem_trl import watch
from cem_trl.encoding import Example

TEXTS = ("Paris is the capital of France.", "Lions live in Africa and hunt by night.", "The Danube flows east.")
EXAMPLES = [Example([5, 6, 7, 8, 9], [-100, -100, 7, 8, 9]), Example([9, 8, 7], [9, 8, 7])]
OPTIONS: dict[str, Any] = {"epochs": 3, "batch_size": 2, "learning_rate": 1e-2, "new_share": 1.0}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    new = [Row.make(kind="passage", prompt="", completion=text, parents=("p",)) for text in TEXTS]
    review = Row.make(kind="review", prompt="Where is Paris?", completion=" France", parents=("a",))
    return [*new, review]


@pytest.fixture
def model(tiny: Model) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny.path).float().eval()


def moved(model: Any) -> Any:
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return model


def said(teacher: Teacher, student: Read) -> tuple[torch.Tensor, torch.Tensor]:
    return teacher.divergence(student, [0, 1], [0, 1]), teacher.relation_losses(student, [0, 1], [0, 1])


def test_a_model_does_not_differ_from_itself_and_another_does(model: Any) -> None:
    teacher = Teacher("itself", model, EXAMPLES, 2, 0)
    with torch.no_grad():
        divergence, relations = said(teacher, read(model, EXAMPLES))
        assert torch.allclose(divergence, torch.zeros(2), atol=1e-5)
        assert torch.allclose(relations, torch.zeros(2), atol=1e-9)
        divergence, relations = said(teacher, read(moved(model), EXAMPLES))
    assert (divergence > 1e-3).all() and (relations > 0).any()


def test_a_teachers_losses_are_those_of_the_answers(model: Any) -> None:
    teacher = Teacher("itself", model, EXAMPLES, 2, 0)
    for number, example in enumerate(EXAMPLES):
        ids, labels = torch.tensor([example.input_ids]), torch.tensor([example.labels])
        assert float(teacher.losses[number]) == pytest.approx(float(model(ids, labels=labels).loss.detach()), rel=1e-5)


def train(
    folder: Path, tiny: Model, rows: list[Row], **options: Any
) -> tuple[Mapping[str, Any], Mapping[str, torch.Tensor]]:
    ctx = make_context(folder, model=tiny)
    trainer = Mulki(MulkiOptions(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx), load_file(ctx.folder / "model" / "model.safetensors")


@pytest.mark.slow
def test_one_teacher_holds_the_model_near_the_start(tmp_path: Path, tiny: Model, rows: list[Row]) -> None:
    free, _ = train(tmp_path / "free", tiny, rows, distillation=0, relations=0)
    held, _ = train(tmp_path / "held", tiny, rows, distillation=10)
    assert held["divergence"] < free["divergence"]
    assert held["relation_loss"] < free["relation_loss"]
    assert held["held_rows"] == len(rows)
    (table,) = held["tables"]
    assert [row[0] for row in table["rows"]] == ["the round's start"]
    assert table["rows"][0][2] == pytest.approx(1)


@pytest.mark.slow
def test_the_original_is_a_second_teacher(tmp_path: Path, tiny: Model, rows: list[Row], model: Any) -> None:
    original = tmp_path / "original"
    for file in tiny.path.iterdir():
        original.mkdir(exist_ok=True)
        (original / file.name).write_bytes(file.read_bytes())
    moved(model).save_pretrained(original)
    figures, _ = train(tmp_path, tiny, rows, original="original")
    (table,) = figures["tables"]
    assert [row[0] for row in table["rows"]] == ["the original model", "the round's start"]
    assert sum(row[2] for row in table["rows"]) == pytest.approx(1)


def test_an_original_of_another_vocabulary_is_refused(tmp_path: Path, tiny: Model) -> None:
    make_tiny_model(tmp_path / "other", ["many more other words than those that it was made of, more and more"])
    with pytest.raises(CemError, match="name the model that this one was made from"):
        Mulki(MulkiOptions(original="other")).check(make_context(tmp_path, model=tiny))


@pytest.mark.slow
def test_an_interrupted_one_ends_the_same(
    tmp_path: Path, tiny: Model, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))
    whole, weights = train(tmp_path / "whole", tiny, rows, checkpoint_seconds=1e-6)
    step = TwoTeachers.step

    def until(self: TwoTeachers, model: Any, examples: Any, number: int) -> torch.Tensor:
        if number == 4:
            raise CemError("interrupted")
        return step(self, model, examples, number)

    monkeypatch.setattr(TwoTeachers, "step", until)
    with pytest.raises(CemError, match="interrupted"):
        train(tmp_path / "cut", tiny, rows, checkpoint_seconds=1e-6)
    monkeypatch.setattr(TwoTeachers, "step", step)
    again, same = train(tmp_path / "cut", tiny, rows, checkpoint_seconds=1e-6)
    assert again["resumed_from_step"] == 4
    assert again["divergence"] == pytest.approx(whole["divergence"], rel=1e-6)
    assert all(torch.equal(weights[name], same[name]) for name in weights)


@pytest.mark.slow
class TestMulki(TrainerTests):
    component = Mulki
    options = {"batch_size": 2, "epochs": 1, "checkpoint_seconds": 0.001}
    bad_options = ({"prototypes": 0}, {"temperature": 0}, {"original": "no/such/model-folder/"})
