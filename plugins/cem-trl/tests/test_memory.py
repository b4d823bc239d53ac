"""What training keeps in memory, and what it leaves alone."""

from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from cem_toolkit.api import Model, Row
from cem_trl.encoding import Encoder
from cem_trl.factored import FactoredAdamW
from cem_trl.hardware import choose_checkpointing
from cem_trl.models import usable_tokenizer
from cem_trl.prepare import make_trainer
from cem_trl.sft import Sft
from cem_trl.trainer import Trl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
EMBEDDINGS = "model.embed_tokens.weight"


def stepped(context: Any, model: Model, rows: list[Row], precision: str = "mixed", **options: Any) -> Sft:
    """A trainer after its only step."""
    ctx = context(model=model)
    tokenizer = usable_tokenizer(ctx)
    encoder = Encoder(tokenizer, 512, chat=False)
    order = [example for row in rows for example in encoder.encode(row)]
    trainer = make_trainer(order, tokenizer, Trl.Options(checkpoint_seconds=0, **options), ctx, "cpu", precision)
    trainer.train()
    return trainer


def optimiser(trainer: Sft) -> torch.optim.Optimizer:
    inner: torch.optim.Optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    return inner


@pytest.mark.parametrize("precision", ["mixed", "float32"])
def test_frozen_embeddings_have_no_state_and_are_saved_as_they_were(
    context: Any, train: Any, tied: Model, rows: list[Row], precision: str
) -> None:
    trainer = stepped(context, tied, rows, precision, freeze="embeddings")
    weight = trainer.model.get_output_embeddings().weight
    assert weight is trainer.model.get_input_embeddings().weight
    assert weight.grad is None
    assert weight not in optimiser(trainer).state
    assert weight.dtype == (torch.bfloat16 if precision == "mixed" else torch.float32)
    assert all(each.dtype == torch.float32 for each in optimiser(trainer).state)
    figures, folder = train(
        {"freeze": "embeddings", "precision": precision, "learning_rate": 1e-2}, "saved", model=tied
    )
    start, end = (load_file(each / "model.safetensors") for each in (tied.path, folder))
    assert torch.equal(start[EMBEDDINGS], end[EMBEDDINGS])
    assert not any(torch.equal(start[name], end[name]) for name in start if name.endswith("proj.weight"))
    assert figures["trainable_parameters"] == sum(w.numel() for n, w in start.items() if n != EMBEDDINGS)


@pytest.mark.parametrize("which", ["tiny", "tied"])
def test_gradients_are_the_whole_model_s_and_of_half_the_size(
    context: Any, request: pytest.FixtureRequest, rows: list[Row], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    def gradients(precision: str, optimizer: str) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = {}

        def keep(self: Sft, model: Any) -> torch.Tensor:
            found.update({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})
            return torch.zeros(())

        monkeypatch.setattr(Sft, "_clip_grad_norm", keep)
        stepped(context, request.getfixturevalue(which), rows, precision, epochs=1, optimizer=optimizer)
        return found

    for precision, format_, most in (("mixed", torch.bfloat16, 1e-2), ("float32", torch.float32, 1e-5)):
        expected, small = gradients(precision, "adamw"), gradients(precision, "factored-adamw")
        assert small.keys() == expected.keys()
        for name, gradient in small.items():
            assert gradient.dtype == (format_ if gradient.dim() == 2 else torch.float32)
            assert not gradient.is_sparse
            assert (gradient.float() - expected[name]).norm() < most * expected[name].norm(), name


def test_gradients_are_scaled_to_the_norm_over_all_of_them(context: Any, tied: Model, rows: list[Row]) -> None:
    trainer = stepped(context, tied, rows, epochs=1)
    reported = next(entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry)
    parameters = [torch.nn.Parameter(torch.zeros_like(each)) for each in trainer.model.parameters()]
    for index, each in enumerate(parameters):
        each.grad_dtype = torch.bfloat16 if index % 2 else torch.float32
        each.grad = torch.ones_like(each, dtype=each.grad_dtype)
    norm = trainer._clip_grad_norm(torch.nn.ParameterList(parameters))
    count = sum(each.numel() for each in parameters)
    assert float(norm) == pytest.approx(count**0.5, rel=1e-2)
    clipped = sum(float(each.grad.float().square().sum()) for each in parameters if each.grad is not None)
    assert clipped == pytest.approx(1.0, rel=2e-2)
    assert reported > 0


@pytest.mark.parametrize(
    ("optimizer", "kind"), [("auto", FactoredAdamW), ("factored-adamw", FactoredAdamW), ("adamw", torch.optim.AdamW)]
)
def test_the_optimiser_is_the_one_asked_for(
    context: Any, tiny: Model, rows: list[Row], optimizer: str, kind: type[torch.optim.Optimizer]
) -> None:
    assert type(optimiser(stepped(context, tiny, rows, optimizer=optimizer))) is kind


@pytest.mark.parametrize(
    ("options", "device", "free", "expected"),
    [
        ({}, "cpu", 2**40, True),
        ({}, "cuda", 2**40, False),
        ({}, "cuda", 2**20, True),
        ({"gradient_checkpointing": True}, "cuda", 2**40, True),
        ({"gradient_checkpointing": False}, "cpu", 2**20, False),
    ],
)
def test_activations_are_computed_again_but_on_a_gpu_with_room_for_them(
    tied: Model, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], device: str, free: int, expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, free))
    network = AutoModelForCausalLM.from_pretrained(tied.path)
    assert choose_checkpointing(Trl.Options(**options), device, network, tokens=64) is expected


def test_attention_is_planned_for_no_shape(
    context: Any, tied: Model, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    enabled = []
    original = Sft.compute_loss

    def spy(*args: Any, **kwargs: Any) -> Any:
        enabled.append((torch.backends.cuda.cudnn_sdp_enabled(), torch.backends.cuda.flash_sdp_enabled()))
        return original(*args, **kwargs)

    monkeypatch.setattr(Sft, "compute_loss", spy)
    stepped(context, tied, rows, epochs=1)
    assert set(enabled) == {(False, True)}
    assert torch.backends.cuda.cudnn_sdp_enabled()


@pytest.mark.parametrize("options", [{"optimizer": "adamw"}, {"freeze": "none"}], ids=str)
def test_both_have_an_effect_on_what_is_learned(train: Any, options: dict[str, Any]) -> None:
    _, one = train({"learning_rate": 1e-3}, "one")
    _, other = train({"learning_rate": 1e-3} | options, "other")
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert not all(torch.equal(first[name], second[name]) for name in first)
