"""Where memory does not suffice, fewer rows are taken at once."""

import resource
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError
from cem_trl import attempt
from cem_trl.room import is_out_of_memory
from cem_trl.sft import Sft

OPTIONS = {"batch_size": 6, "micro_batch_size": 6, "epochs": 2, "learning_rate": 1e-3, "precision": "float32"}
ROW = 2**30
"""Bytes that a row is made to take."""


@pytest.fixture
def hungry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four GiB and a half are left of the address space, and a row takes one: the allocator itself refuses more."""
    compute_loss = Sft.compute_loss

    def loss(self: Sft, model: Any, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        torch.empty(len(inputs["input_ids"]) * ROW, dtype=torch.uint8)
        return compute_loss(self, model, inputs, *given, **named)

    monkeypatch.setattr(Sft, "compute_loss", loss)
    had = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 4 * ROW + ROW // 2, had[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, had)


def test_training_goes_on_with_half_the_rows_and_the_same_result(
    train: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _, whole = train(OPTIONS, "whole")
    models: list[weakref.ref[Any]] = []
    make_trainer = attempt.make_trainer

    def made(*given: Any) -> Sft:
        assert all(model() is None for model in models), "the failed try's model is still in memory"
        trainer = make_trainer(*given)
        models.append(weakref.ref(trainer.model))
        return trainer

    monkeypatch.setattr(attempt, "make_trainer", made)
    request.getfixturevalue("hungry")
    said: list[str] = []
    figures, folder = train(OPTIONS, "hungry", log=said.append)
    assert said == ["memory is too small for 6 rows at once: training goes on with 3"]
    assert (figures["rows_at_once"], figures["steps"]) == (3, 2)
    assert len(models) == 2
    weights, wanted = (load_file(each / "model.safetensors") for each in (folder, whole))
    for name, weight in wanted.items():
        torch.testing.assert_close(weights[name], weight, atol=2e-5, rtol=0)


def test_what_was_learned_before_is_not_learned_again(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compute_loss = Sft.compute_loss

    def loss(self: Sft, model: Any, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        if self.state.global_step == 1 and len(inputs["input_ids"]) > 3:
            torch.empty(2**50, dtype=torch.uint8)
        return compute_loss(self, model, inputs, *given, **named)

    monkeypatch.setattr(Sft, "compute_loss", loss)
    figures, _ = train(OPTIONS | {"checkpoint_seconds": 1e-6})
    assert (figures["rows_at_once"], figures["resumed_from_step"], figures["steps"]) == (3, 1, 2)


def test_without_memory_for_one_row_it_is_said_what_helps(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sft, "compute_loss", lambda *given, **named: torch.empty(2**50, dtype=torch.uint8))
    said: list[str] = []
    with pytest.raises(CemError, match=r"^memory is too small for training: set max_length below 1024, .*lora$"):
        train(OPTIONS, log=said.append)
    assert [line.rpartition(" ")[2] for line in said] == ["3", "1"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=repr,
)
def test_errors_of_allocators_are_told_from_others(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
