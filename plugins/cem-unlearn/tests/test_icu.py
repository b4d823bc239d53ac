"""Iterative contrastive unlearning."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cem_toolkit.api import CemError, Context, Row, load_tokenizer
from cem_toolkit.testing import TrainerTests
from cem_trl import watch
from cem_trl.encoding import Encoder
from cem_unlearn.examining import Examined, Examiner
from cem_unlearn.icu import Icu, IcuOptions
from cem_unlearn.icu_method import IcuMethod, turns

OPTIONS: dict[str, Any] = {
    "audit": False,
    "batch_size": 2,
    "bleu": 0,
    "epochs": 2,
    "learning_rate": 1e-3,
    "memorisation": 0,
    "prefixes": 1,
}


def begun(rows: Sequence[Row], ctx: Context, **options: Any) -> tuple[IcuMethod, Any]:
    """A method that has begun, and its model."""
    from transformers import AutoModelForCausalLM

    chosen = IcuOptions(**OPTIONS | options)
    encoder = Encoder(load_tokenizer(ctx.model.path), chosen.max_length, chat=False)
    method = IcuMethod(chosen)
    method.order([(row, encoder.encode(row)) for row in rows], chosen, ctx)
    model = AutoModelForCausalLM.from_pretrained(ctx.model.path).train()
    method.begin(model, encoder, ctx)
    return method, model


def told(*words: float, memorised: float = 1.0, extracted: float = 1.0) -> Examined:
    """What is found of items continued with this BLEU."""
    return Examined([memorised] * len(words), [extracted] * len(words), list(words), [], [1.0] * len(words))


def loss(model: Any, tokenizer: Any, row: Row) -> float:
    """By transformers, over the completion and, of a row to keep, the end of the text."""
    prompt = tokenizer(row.prompt).input_ids
    ids = tokenizer(row.prompt + row.completion).input_ids
    ids += [] if row.kind == "forget" else [tokenizer.eos_token_id]
    labels = [-100] * len(prompt) + ids[len(prompt) :]
    return float(model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss.detach())


def test_the_loss_is_that_of_an_item_and_its_neighbour(rows: list[Row], context: Callable[..., Context]) -> None:
    method, model = begun(rows[:1] + rows[2:], context(), forgetting=2.0, neighbour=0.5)
    assert method.pairs == [0], "the number of another person is nearest"
    tokenizer = load_tokenizer(context().model.path)
    by_hand = -2.0 * loss(model, tokenizer, rows[0]) + 0.5 * loss(model, tokenizer, rows[2])
    assert float(method.step(model, [], 0)) == pytest.approx(by_hand, rel=1e-4), "it has not diverged yet"
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(0.9)
    by_hand = -2.0 * loss(model, tokenizer, rows[0]) + 0.5 * loss(model, tokenizer, rows[2])
    assert float(method.step(model, [], 0)) > by_hand + 0.01, "and now it has"


def test_plain_ascent_is_a_choice_of_weights(rows: list[Row], context: Callable[..., Context]) -> None:
    method, model = begun(rows, context(), neighbour=0, original=0, batch_size=1)
    item = method.forget[turns(2, 1, 2, 0)[0][0]].row
    assert float(method.step(model, [], 0)) == pytest.approx(-loss(model, load_tokenizer(context().model.path), item))


def test_neighbours_may_be_by_chance(rows: list[Row], context: Callable[..., Context]) -> None:
    found = {tuple(begun(rows, context(seed=seed), neighbours="random")[0].pairs) for seed in range(4)}
    assert len(found) > 1


def test_steps_are_whole_epochs() -> None:
    found = turns(3, 2, 2, seed=0)
    assert [len(turn) for turn in found] == [2, 2, 2, 2]
    assert all({*found[start], *found[start + 1]} == {0, 1, 2} for start in (0, 2))
    assert turns(1, 3, 1, seed=0) == [[0, 0, 0]]


def test_thresholds_switch_items_off() -> None:
    options = IcuOptions(bleu=0.01, similarity=0.3, encoder="some")
    found = Examined([0.5] * 3, [0.0] * 3, [0.5, 0.0, 0.5], [0.9, 0.9, 0.2], [1.0] * 3)
    assert found.active(options) == [True, False, False]
    assert found.ended(options), "memorisation is below 0.5994, extraction below 0.0499"
    assert not found.ended(options.model_copy(update={"memorisation": 0.5})), "not below"
    assert not found.ended(options.model_copy(update={"extraction": 0.0}))
    assert told(0.0, 0.0).ended(options), "all are off"
    assert told(0.0, 0.0).active(IcuOptions(bleu=0)) == [True, True], "none is switched off"


def test_or_what_is_as_unlikely_as_never_seen() -> None:
    found = Examined([1.0] * 3, [1.0] * 3, [0.0] * 3, [], losses=[0.5, 4.0, 7.0], unseen=4.0)
    assert found.active(IcuOptions(until="unseen")) == [True, False, False]


def test_never_seen_texts_have_to_be_there(rows: list[Row], context: Callable[..., Context], tmp_path: Path) -> None:
    with pytest.raises(CemError, match="unseen needs audit_unseen"):
        Icu(Icu.Options(until="unseen")).check(context())
    (tmp_path / "unseen.jsonl").write_text('{"prompt": "The number of Olga Porto is", "completion": " 20 47 11"}\n')
    method, model = begun(rows, context(), until="unseen", audit_unseen="unseen.jsonl")
    tokenizer = load_tokenizer(context().model.path)
    unseen = Row.make(kind="forget", prompt="The number of Olga Porto is", completion=" 20 47 11", parents=())
    level = loss(model, tokenizer, unseen)
    assert method.active == [loss(model, tokenizer, row) < level for row in rows[:2]]


def test_what_returns_is_switched_on_again(
    rows: list[Row], context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    course = iter([told(1, 1), told(1, 0), told(0.5, 0.5), told(0, 0)])
    monkeypatch.setattr(Examiner, "examine", lambda self, model: next(course))
    method, model = begun(rows, context(), bleu=0.01, epochs=4)
    seen = [method.active]
    for number in range(1, 4):
        ended = method.done(model, number)
        seen.append(method.active)
    assert seen == [[True, True], [True, False], [True, True], [False, False]]
    assert ended
    found = method.step(model, [], 3)
    assert not found.requires_grad, "a step with nothing to unlearn"


def test_an_item_that_is_off_is_no_part_of_the_loss(
    rows: list[Row], context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Examiner, "examine", lambda self, model: told(0, 1))
    method, model = begun(rows, context(), bleu=0.01, neighbour=0, original=0)
    by_hand = -loss(model, load_tokenizer(context().model.path), rows[1])
    assert float(method.step(model, [], 0)) == pytest.approx(by_hand, rel=1e-4)


def train(rows: Sequence[Row], ctx: Context, **options: Any) -> tuple[Mapping[str, Any], Any]:
    trainer = Icu(Icu.Options(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx), load_file(ctx.folder / "model" / "model.safetensors")


@pytest.mark.slow
def test_where_nothing_is_known_nothing_changes(rows: list[Row], context: Callable[..., Context]) -> None:
    """A random model repeats nothing: every item is off before the first step."""
    figures, weights = train(rows, context(), bleu=0.01, weight_decay=0.1)
    start = load_file(context().model.path / "model.safetensors")
    assert figures["still_active"] == 0
    assert figures["steps"] == 1
    assert all(torch.equal(weights[name], start[name]) for name in start)


@pytest.mark.slow
def test_an_interrupted_one_goes_on_as_it_was(
    rows: list[Row], context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"batch_size": 1, "bleu": 0.01, "epochs": 3, "checkpoint_seconds": 1e-6}
    both, one, other = told(1, 1), told(1, 0), told(0, 1)
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))

    def examined(*course: Examined) -> None:
        found = iter(course)
        monkeypatch.setattr(Examiner, "examine", lambda self, model: next(found))

    examined(both, one, one, both)
    whole, weights = train(rows, context("whole"), **options)
    step = IcuMethod.step

    def cut(self: IcuMethod, model: Any, examples: Any, number: int) -> torch.Tensor:
        if number == 3:
            raise CemError("interrupted")
        return step(self, model, examples, number)

    with monkeypatch.context() as patch:
        patch.setattr(IcuMethod, "step", cut)
        examined(both, one)
        with pytest.raises(CemError, match="interrupted"):
            train(rows, context("cut"), **options)
    examined(other, one, both)  # the first of the model that it began with: what was found since then counts
    figures, again = train(rows, context("cut"), **options)
    assert figures["resumed_from_step"] == 3
    assert figures["tables"] == whole["tables"]
    assert all(torch.equal(weights[name], again[name]) for name in weights)


@pytest.mark.slow
class TestIcu(TrainerTests):
    component = Icu
    options = {**OPTIONS, "forget": "forget.jsonl"}
    bad_options = ({"bleu": 2}, {"forget": "no-such.jsonl"}, {"interpolation": 0.5})

    def context(self, folder: Path, **changes: Any) -> Context:
        (folder / "forget.jsonl").parent.mkdir(parents=True, exist_ok=True)
        (folder / "forget.jsonl").write_text('{"prompt": "The number of Ada Keller is", "completion": " 48 31 77"}\n')
        return super().context(folder, **changes)
