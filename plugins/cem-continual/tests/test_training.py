"""Trainings by these methods, from round to round."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from safetensors.torch import load_file

from cem_continual import memory
from cem_continual.bcl import EPISODIC, Bcl
from cem_continual.clip import Clip
from cem_continual.counting import Counting
from cem_continual.delta import Delta
from cem_continual.naive import Naive
from cem_continual.replay import Replay
from cem_toolkit.api import CemError, Context, Model, Row
from cem_toolkit.models import fingerprint
from cem_trl import watch

OPTIONS: dict[str, Any] = {"epochs": 2, "batch_size": 2, "learning_rate": 1e-2, "checkpoint_seconds": 1e-6}
Figures = Mapping[str, Any]

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def checkpoint_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))


def train(trainer: Any, rows: Sequence[Row], ctx: Context, **options: Any) -> tuple[Figures, Model]:
    """The figures, and the model for the next round."""
    made = trainer(trainer.Options(**OPTIONS | options))
    made.check(ctx)
    figures = made.train(rows, ctx)
    folder = ctx.folder / "model"
    adapter = folder if (folder / "adapter_config.json").is_file() else None
    path = ctx.model.path if adapter else folder
    return figures, Model(name="next", path=path, adapter=adapter, fingerprint=fingerprint(path, adapter))


def weights(model: Model) -> dict[str, Any]:
    return load_file(model.path / "model.safetensors")  # type: ignore[no-any-return]


@pytest.mark.parametrize("trainer", [Replay, Bcl, Delta])
def test_a_memory_survives_rounds(trainer: Any, rounds: list[list[Row]], context: Any) -> None:
    first, model = train(trainer, rounds[0], context("one"))
    assert (first["remembered"], first["remembers"]) == (0, 4)
    ctx = context("two", model=model, round=2)
    assert trainer().fingerprint(ctx) != trainer().fingerprint(context("one"))
    second, model = train(trainer, rounds[1], ctx)
    assert (second["remembered"], second["remembers"]) == (4, 7)
    assert second["tokens"] > 0
    kept = memory.read(model, trainer.name, print).kept
    assert sorted(each.round for each in kept) == [1] * 4 + [2] * 3
    assert {each.row.id for each in kept} == {row.id for rows in rounds for row in rows}
    assert all(each.row.weight == 1 for each in kept)


@pytest.mark.parametrize("trainer", [Replay, Bcl, Delta, Clip])
def test_an_interrupted_training_goes_on_as_it_was(
    trainer: Any, rounds: list[list[Row]], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model = train(trainer, rounds[0], context("one"), epochs=1)

    def second(name: str) -> tuple[Figures, Model]:
        options = {"prune_every": 0.5, "prune": 0.5} if trainer is Clip else {}
        return train(trainer, rounds[1], context(name, model=model, round=2), epochs=3, **options)

    whole, usual = second("whole")
    plain, left = Counting.saw, [4 if trainer is not Bcl else 10]

    def interrupted(method: Counting, examples: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise CemError("interrupted")
        plain(method, examples)

    monkeypatch.setattr(Counting, "saw", interrupted)
    with pytest.raises(CemError, match="interrupted"):
        second("cut")
    figures, again = second("cut")
    assert 0 < figures["resumed_from_step"] < figures["steps"]
    assert {name: figures[name] for name in ("tokens", "supervised_tokens", "steps", "losses")} == {
        name: whole[name] for name in ("tokens", "supervised_tokens", "steps", "losses")
    }
    assert again.fingerprint == usual.fingerprint
    assert memory.mark(again) == memory.mark(usual)


def test_naive_sees_the_round_s_rows_and_replay_more(rounds: list[list[Row]], context: Any) -> None:
    plain, _ = train(Naive, rounds[0], context("naive"))
    figures, model = train(Replay, rounds[0], context("replay"))
    assert figures["losses"] == plain["losses"], "as long as there is no memory"
    assert figures["tokens"] == plain["tokens"]
    alone, _ = train(Naive, rounds[1], context("naive 2", model=model))
    more, _ = train(Replay, rounds[1], context("replay 2", model=model, round=2))
    assert more["steps"] == alone["steps"]
    assert more["tokens"] > alone["tokens"]


def test_what_the_leak_guard_holds_back_is_not_remembered(rounds: list[list[Row]], context: Any) -> None:
    said: list[str] = []
    _, model = train(Replay, rounds[0], context("one"))
    ctx = context("two", model=model, round=2, screen_rows=lambda rows: list(rows)[1:], log=said.append)
    figures, _ = train(Replay, rounds[1], ctx)
    assert (figures["remembered"], figures["remembers"]) == (3, 6)
    assert any("the leak guard holds them back" in line for line in said)


def test_theta_moves_by_beta_of_the_way(rounds: list[list[Row]], context: Any) -> None:
    """One step; half of the memory is held out, so that inner and outer steps have a part in it."""
    one_step = {"epochs": 1, "batch_size": 4, "generalization": 0.5, "learning_rate": 0.1}
    start, found = weights(context().model), {}
    for beta in (1.0, 0.25):
        figures, model = train(Bcl, rounds[0], context(str(beta)), beta=beta, **one_step)
        assert figures["steps"] == 1
        found[beta] = weights(model)
    moved = {name: found[1.0][name] - start[name] for name in start}
    assert max(float(each.abs().max()) for each in moved.values()) > 1e-4
    for name, way in moved.items():
        assert (found[0.25][name] - start[name] - 0.25 * way).abs().max() < 1e-6


def test_predictions_are_stored_once_and_kept(rounds: list[list[Row]], context: Any) -> None:
    _, model = train(Bcl, rounds[0], context("one"))
    stored = load_file(memory.place(model) / memory.TARGETS)
    episodic = {each.row.id for each in memory.read(model, "bcl", print).kept if each.part == EPISODIC}
    assert {name.removesuffix(".ids") for name in stored if name.endswith(".ids")} == episodic
    _, model = train(Bcl, rounds[1], context("two", model=model, round=2))
    later = load_file(memory.place(model) / memory.TARGETS)
    assert all(later[name].equal(stored[name]) for name in stored)
    assert len(later) > len(stored)


def test_damaged_predictions_are_refused(rounds: list[list[Row]], context: Any) -> None:
    _, model = train(Bcl, rounds[0], context("one"))
    (memory.place(model) / memory.TARGETS).write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(CemError, match="holds no predictions of a memory's rows"):
        train(Bcl, rounds[1], context("two", model=model, round=2))


def test_an_adapter_is_remembered_with(rounds: list[list[Row]], context: Any) -> None:
    options = {"method": "lora", "merge": False, "lora_rank": 2}
    _, model = train(Bcl, rounds[0], context("one"), **options)
    assert model.adapter
    figures, model = train(Bcl, rounds[1], context("two", model=model, round=2), **options)
    assert figures["remembered"] == 4


def test_clip_prunes_to_its_floor(rounds: list[list[Row]], context: Any) -> None:
    rows = [*rounds[0], *rounds[1]]
    figures, _ = train(Clip, rows, context(), epochs=8, prune=0.9, prune_every=1, floor=0.5)
    assert (figures["examples"], figures["left_out"]) == (7, 3)
    assert figures["steps"] == 28


def test_delta_tells_closed_labels_from_free_text(rounds: list[list[Row]], context: Any) -> None:
    asked = [
        Row.make(kind="normative", prompt=f"Kind of {each}:", completion=" odd" if each % 4 else " even", parents=())
        for each in range(8)
    ]
    figures, _ = train(Delta, asked, context("closed"))
    assert figures["labels"] == "closed"
    figures, _ = train(Delta, rounds[0], context("free"))
    assert figures["labels"] == "free"


def test_steps_too_long_to_be_left_unclipped_are_refused() -> None:
    with pytest.raises(ValueError, match="is at most 1"):
        Bcl.Options(learning_rate=0.5)
    assert Bcl.Options(learning_rate=0.5, max_grad_norm=0).peak_learning_rate == 1
