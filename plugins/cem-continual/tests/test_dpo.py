"""The loss of preferences, and in which pairs it is worked out."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from cem_continual.dpo import Dpo, as_pairs, both_sides, dpo_losses, log_likelihoods
from cem_continual.staged import StagedOptions
from cem_toolkit.api import CemError, Model, Row, load_tokenizer
from cem_toolkit.testing import make_context, make_tiny_model
from cem_trl.encoding import Encoder, Example

ROWS = [
    Row.make(kind="preference", prompt=f"Capital of {land}?\nAnswer:", completion=right, rejected=wrong, parents=("m",))
    for land, right, wrong in (("Togo", " Lomé", " Kara"), ("Peru", " Lima", " Cusco, in the south"))
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", [row.prompt + row.completion for row in ROWS])


def load(model: Model) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model.path)


def test_the_loss_is_that_of_a_case_worked_out_by_hand() -> None:
    """beta 0.5, rewards 1 and -1: the sigmoid of 0.5 * 2; and of equal rewards one half."""
    losses = dpo_losses(torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 3.0]), beta=0.5)
    assert losses.tolist() == pytest.approx([-math.log(1 / (1 + math.exp(-1.0))), math.log(2)])


def method(model: Model, rows: Sequence[Row], folder: Path, rows_at_once: int = 8) -> tuple[Dpo, list[Example], Any]:
    """Begun with the tiny model."""
    ctx = make_context(folder, model=model)
    options = as_pairs(StagedOptions(batch_size=2, epochs=1, device="cpu", precision="float32"))
    encoder = Encoder(load_tokenizer(model.path), 512, chat=False)
    made, network = Dpo(0.5, rows_at_once), load(model)
    order = made.order([(row, encoder.encode(row)) for row in both_sides(rows)], options, ctx)
    made.begin(network, encoder, ctx)
    return made, order, network


def test_a_step_holds_the_model_against_the_one_that_it_began_with(tiny: Model, tmp_path: Path) -> None:
    made, order, network = method(tiny, ROWS, tmp_path)
    assert made.step(network, order, 0).item() == pytest.approx(math.log(2)), "it is that one yet"
    before = log_likelihoods(network, order).detach()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(0.9)
    rewards = log_likelihoods(network, order).detach() - before
    by_hand = [-math.log(1 / (1 + math.exp(-0.5 * float(rewards[k] - rewards[k + 1])))) for k in (0, 2)]
    assert made.step(network, order, 1).item() == pytest.approx(sum(by_hand) / 2, rel=1e-5)


def test_how_many_are_read_at_once_changes_no_gradient(tiny: Model, tmp_path: Path) -> None:
    gradients = []
    for rows_at_once in (2, 8):
        made, order, network = method(tiny, ROWS, tmp_path, rows_at_once)
        made.step(network, order, 0)
        gradients.append([weight.grad for weight in network.parameters()])
    assert all(torch.allclose(one, other, rtol=1e-4, atol=1e-4) for one, other in zip(*gradients, strict=True))
    assert any(bool(each.any()) for each in gradients[0])


def test_an_answer_without_text_leaves_out_its_pair(tiny: Model, tmp_path: Path) -> None:
    empty = Row.make(kind="preference", prompt="Where?", completion=" Here", rejected=" ", parents=())
    _, order, _ = method(tiny, [empty, ROWS[0]], tmp_path)
    assert len(order) == 2
    with pytest.raises(CemError, match="none of 1 preferences has two answers"):
        method(tiny, [empty], tmp_path)


@pytest.mark.slow
def test_it_is_the_loss_of_trl(tiny: Model, tmp_path: Path) -> None:
    from datasets import Dataset
    from transformers import set_seed
    from trl import DPOConfig, DPOTrainer

    made, order, network = method(tiny, ROWS, tmp_path)
    set_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    data = [{"prompt": row.prompt, "chosen": row.completion, "rejected": row.rejected} for row in ROWS]
    trainer = DPOTrainer(
        model=network,
        ref_model=load(tiny),
        args=DPOConfig(
            output_dir=str(tmp_path / "dpo"), beta=0.5, use_cpu=True, bf16=False, report_to="none",
            per_device_train_batch_size=2, gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_list(data),
        processing_class=load_tokenizer(tiny.path),
    )  # fmt: skip
    batch = next(iter(trainer.get_train_dataloader()))
    theirs = trainer.compute_loss(network, batch).item()
    assert theirs != pytest.approx(math.log(2), abs=0.01)
    assert made.step(network, order, 0).item() == pytest.approx(theirs, rel=1e-5)
