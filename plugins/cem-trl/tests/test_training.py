"""Training the tiny model in full."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError, Model, Row
from cem_trl.figures import thinned


def weights(folder: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return loaded


def same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_training_lowers_the_loss_changes_the_weights_and_tells_figures(train: Any, tiny: Model) -> None:
    figures, folder = train({"epochs": 20, "learning_rate": 3e-3, "batch_size": 4, "freeze": "none"})
    assert figures["loss_last"] < 0.7 * figures["loss_first"]
    assert not same(weights(folder), weights(tiny.path))
    assert figures["steps"] == len(figures["losses"]) == 30
    assert figures["losses"][-1] == [30, figures["loss_last"]]
    assert (figures["epochs"], figures["device"], figures["method"], figures["resumed_from_step"]) == (
        20,
        "cpu",
        "full",
        0,
    )
    assert 0 < figures["supervised_tokens"] < figures["tokens"]
    assert figures["trainable_parameters"] == sum(w.numel() for w in weights(tiny.path).values())
    json.dumps(figures)


def test_tokens_are_counted_without_padding_over_all_epochs(train: Any, rows: list[Row], tiny: Model) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.path)
    figures, _ = train({"epochs": 3})
    lengths = [len(tokenizer(row.prompt + row.completion).input_ids) + 1 for row in rows]
    answers = [len(tokenizer(row.completion).input_ids) + bool(row.prompt) for row in rows]
    assert figures["tokens"] == 3 * sum(lengths)
    assert figures["supervised_tokens"] == 3 * sum(answers)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(train: Any) -> None:
    _, one = train({}, "one", seed=5)
    _, two = train({}, "two", seed=5)
    _, other = train({"batch_size": 2}, "other", seed=6)
    _, again = train({"batch_size": 2}, "again", seed=7)
    assert same(weights(one), weights(two))
    assert not same(weights(other), weights(again))


def test_micro_batches_change_the_result_by_rounding_alone(train: Any) -> None:
    options = {"batch_size": 6, "precision": "float32", "learning_rate": 1e-3}
    _, whole = train(options | {"micro_batch_size": 6}, "whole")
    _, parts = train(options | {"micro_batch_size": 2}, "parts")
    for name, weight in weights(whole).items():
        torch.testing.assert_close(weight, weights(parts)[name], atol=2e-5, rtol=0)


@pytest.mark.parametrize(
    "changed",
    [
        {"learning_rate": 1e-3},
        {"schedule": "constant"},
        {"schedule": "linear"},
        {"warmup_ratio": 0.5},
        {"weight_decay": 0.5},
        {"max_grad_norm": 0.01},
        {"max_length": 16},
        {"precision": "bfloat16"},
        {"epochs": 2},
        {"interpolation": 0.5},
    ],
    ids=str,
)
def test_every_option_of_the_course_has_an_effect(train: Any, changed: dict[str, Any]) -> None:
    basic = {"batch_size": 2, "precision": "float32", "learning_rate": 1e-2, "max_grad_norm": 1.0}
    _, one = train(basic, "basic")
    _, other = train(basic | changed, "changed")
    assert not same(weights(one), weights(other))


def test_gradient_checkpointing_gives_the_same_result(train: Any) -> None:
    _, one = train({"precision": "float32", "gradient_checkpointing": False}, "without")
    _, two = train({"precision": "float32", "gradient_checkpointing": True}, "with")
    for name, weight in weights(one).items():
        torch.testing.assert_close(weight, weights(two)[name], atol=1e-6, rtol=0)


def test_a_row_s_weight_is_how_often_it_is_seen(train: Any, passages: list[Row]) -> None:
    once, _ = train({"epochs": 1}, "once", passages[:1])
    thrice, _ = train({"epochs": 1}, "thrice", [dataclasses.replace(passages[0], weight=3.0)])
    assert thrice["tokens"] == 3 * once["tokens"]


def test_the_result_is_a_model_like_the_start(train: Any, tied: Model) -> None:
    from transformers import AutoModelForCausalLM

    _, folder = train({}, model=tied)
    started, ended = weights(tied.path), weights(folder)
    assert {name: w.dtype for name, w in ended.items()} == {name: w.dtype for name, w in started.items()}
    assert {w.dtype for w in ended.values()} == {torch.bfloat16}
    assert "lm_head.weight" not in ended
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in tied.path.iterdir())
    for name in (
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ):
        assert (folder / name).read_bytes() == (tied.path / name).read_bytes()


def test_nothing_but_the_model_is_left_and_nothing_is_printed(train: Any, capfd: pytest.CaptureFixture[str]) -> None:
    _, folder = train({"checkpoint_seconds": 1e-6, "batch_size": 1})
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert not [path for path in folder.rglob("*") if path.suffix in {".bin", ".pt", ".pth", ".pkl"}]
    printed = capfd.readouterr()
    assert printed.out.strip() == printed.err.strip() == ""


def test_progress_goes_step_by_step_and_tells_the_loss(train: Any) -> None:
    told: list[tuple[float, str | None]] = []

    class Progress:
        def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
            told.append((steps, message))

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Progress]:
        assert (label, total) == ("train", 9)
        yield Progress()

    figures, _ = train({"batch_size": 2}, progress=progress)
    assert [steps for steps, _ in told] == [1] * 9
    assert told[-1][1] == f"loss {figures['loss_last']:.2f}"


@pytest.mark.parametrize("options", [{"learning_rate": 1e30, "max_grad_norm": 0, "batch_size": 1, "warmup_ratio": 0}])
def test_a_loss_that_is_no_number_stops_clearly(train: Any, options: dict[str, Any]) -> None:
    with pytest.raises(CemError, match=r"training stopped at step \d+: .* Try a lower learning_rate \(it is 1e\+30\)"):
        train(options)


def test_chat_rows_are_trained_as_turns(train: Any) -> None:
    plain, _ = train({"epochs": 1}, "plain")
    chat, _ = train({"epochs": 1}, "chat", chat_template=True)
    assert chat["tokens"] > plain["tokens"]


@pytest.mark.parametrize(("points", "kept"), [(3, 3), (200, 200), (201, 200), (5000, 200)])
def test_many_losses_are_thinned_to_some_with_first_and_last(points: int, kept: int) -> None:
    thin = thinned(range(points), 200)
    assert (len(set(thin)), thin[0], thin[-1]) == (kept, 0, points - 1)
