"""The trainer `l2l`, on a tiny random model, with an optimiser of random weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_continual import l2l
from cem_continual.chosen import FILE, Chosen, chosen_file, read_chosen
from cem_continual.l2l import LEARNED, L2l, L2lOptions
from cem_continual.l2l_method import Learned
from cem_continual.learned import Updates, load_updates, save_updates
from cem_continual.memory import FOLDER
from cem_toolkit.api import CemError, Context, Model, Row
from cem_toolkit.models import fingerprint
from cem_toolkit.testing import TrainerTests
from cem_trl import watch

OPTIONS: dict[str, Any] = {"epochs": 2, "batch_size": 2, "size": 512, "checkpoint_seconds": 0}
MATRIX = "model.layers.1.mlp.down_proj.weight"


@pytest.fixture(autouse=True)
def by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    save_updates(Updates(), tmp_path / "learned.safetensors")
    monkeypatch.setattr(l2l, "LEARNED", tmp_path / "learned.safetensors")


def train(ctx: Context, rows: list[Row], **options: Any) -> tuple[Mapping[str, Any], Mapping[str, torch.Tensor]]:
    trainer = L2l(L2lOptions(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx), load_file(ctx.folder / "model" / "model.safetensors")


def start(tiny: Model) -> Mapping[str, torch.Tensor]:
    return load_file(tiny.path / "model.safetensors")


@pytest.mark.slow
def test_only_the_block_changes_and_no_step_goes_further_than_its_bound(
    tiny: Model, rounds: list[list[Row]], context: Any
) -> None:
    figures, weights = train(context(), rounds[0], learning_rate=0.01)
    before = start(tiny)
    assert [name for name in before if not torch.equal(before[name], weights[name])] == [MATRIX]
    moved = (weights[MATRIX] - before[MATRIX]).abs()
    assert float(moved[8:].max()) == 0, "eight rows of 64 weights are the block"
    scale = float(before[MATRIX][:8].square().mean().sqrt())
    assert 0 < float(moved.max()) <= figures["steps"] * 0.01 * scale * 1.001
    assert figures["changed_matrix"] == MATRIX.removesuffix(".weight")
    assert figures["changed_weights"] == 512


@pytest.mark.slow
def test_the_next_round_knows_what_was_selected(tiny: Model, rounds: list[list[Row]], context: Any) -> None:
    ctx = context("one")
    first, _ = train(ctx, rounds[0])
    assert first["selected_again"] is None
    assert "chosen" not in first
    folder = ctx.folder / "model"
    model = Model(name="next", path=folder, fingerprint=fingerprint(folder))
    found = read_chosen(model)
    assert found is not None
    assert sum(bin(each).count("1") for each in bytes.fromhex(found.weights)) == round(0.4 * 512)
    second, _ = train(context("two", model=model), rounds[1])
    assert second["selected_again"] is not None
    one, two = (L2l(L2lOptions()).fingerprint(each) for each in (ctx, context("three", model=model)))
    assert one != two, "what was selected decides the next training"


@pytest.mark.slow
def test_an_interrupted_one_ends_the_same(
    rounds: list[list[Row]], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))
    often = {"checkpoint_seconds": 1e-6}
    whole, weights = train(context("whole"), rounds[0], **often)
    step = Learned.step

    def until(self: Learned, model: Any, examples: Any, number: int) -> torch.Tensor:
        if number == 3:
            raise CemError("interrupted")
        return step(self, model, examples, number)

    monkeypatch.setattr(Learned, "step", until)
    with pytest.raises(CemError, match="interrupted"):
        train(context("cut"), rounds[0], **often)
    monkeypatch.setattr(Learned, "step", step)
    again, same = train(context("cut"), rounds[0], **often)
    assert again["resumed_from_step"] == 3
    assert again["moved"] == whole["moved"]
    assert all(torch.equal(weights[name], same[name]) for name in weights)


def test_a_block_that_is_not_there_is_refused(rounds: list[list[Row]], context: Any) -> None:
    with pytest.raises(CemError, match="choose of down_proj, gate_proj"):
        train(context(), rounds[0], block="nothing")
    with pytest.raises(CemError, match="set method to full"):
        L2l(L2lOptions(method="lora")).check(context())


def test_a_damaged_record_is_refused_by_name(tiny: Model, tmp_path: Path) -> None:
    model = Model(name="damaged", path=tmp_path, fingerprint="")
    assert read_chosen(model) is None
    (tmp_path / FOLDER).mkdir()
    for text in ("", "[]", '{"name": 1, "rows": 2, "weights": "00"}', '{"name": "a", "rows": 2, "weights": "xyz"}'):
        (tmp_path / FOLDER / FILE).write_text(text, encoding="utf-8")
        with pytest.raises(CemError, match=f"{FILE} is damaged"):
            read_chosen(model)
    (tmp_path / FOLDER / FILE).write_text('{"name": "a", "rows": 2, "weights": "ff"}', encoding="utf-8")
    assert read_chosen(model) == Chosen("a", 2, "ff")
    assert chosen_file(model).is_file()


def test_the_optimiser_that_ships_can_be_read_and_is_small() -> None:
    assert LEARNED.stat().st_size < 64_000
    weights, gradient = torch.randn(6, 8), torch.randn(6, 8)
    assert load_updates(LEARNED)(weights, gradient, torch.ones(6, 8)).abs().max() <= 1


@pytest.mark.slow
class TestL2l(TrainerTests):
    component = L2l
    options = {"batch_size": 2, "epochs": 1, "size": 512, "checkpoint_seconds": 0.001}
    bad_options = ({"selected": 0}, {"block": ""}, {"size": 1}, {"method": "lora"})
