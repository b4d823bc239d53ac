"""The audit of what was forgotten."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from cem_toolkit.api import Context, Row, load_tokenizer
from cem_trl.encoding import Encoder
from cem_unlearn.audit import Audit
from cem_unlearn.audit_tables import Found, Measured, tables, verdict
from cem_unlearn.forget import examples, items
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.reading import Read, read
from cem_unlearn.relearning import retrained, steps_to

PLAIN = UnlearnOptions(device="cpu", precision="float32", batch_size=4, audit_learning_rate=5e-3)


def reads(*losses: float) -> list[Read]:
    return [Read((each, each), (each < 1, each < 1)) for each in losses]


def measured(*losses: float, unseen: Sequence[float] = ()) -> Measured:
    return Measured(reads(*losses), reads(2.0, 4.0), reads(*unseen), [], {"as it stands": reads(*losses)})


def found(after: Measured, without: Measured | None = None) -> Found:
    return Found(measured(0.1, 0.2, 0.1), after, without, 3, {}, None, False)


@pytest.fixture
def model(context: Callable[..., Context]) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(context().model.path).eval()


@pytest.fixture
def encoder(context: Callable[..., Context]) -> Encoder:
    return Encoder(load_tokenizer(context().model.path), 64, chat=False)


def test_overshoot_is_said() -> None:
    never = measured(5.0, 5.2, 5.1)
    assert "is above that of a model retrained without it: that is overshoot" in verdict(
        found(measured(9, 9.3, 9), never)
    )
    assert "is below that of a model retrained" in verdict(found(measured(1, 1.3, 1), never))
    assert "No difference" in verdict(found(measured(5.1, 5.2, 5.0), never))
    assert "above that of texts like it" in verdict(found(measured(9, 9.1, 9, unseen=(5.0, 5.3, 5.1))))
    assert "is not known" in verdict(found(measured(9, 9.3, 9)))


def test_what_is_not_known_is_said() -> None:
    made = {each["title"]: each for each in tables(found(measured(9, 9)), UnlearnOptions())}
    unknown = made["Unlearning: not known"]["rows"]
    assert [needed for _, needed in unknown] == [
        "audit_retrain and audit_start",
        "audit_unseen",
        "audit_relearn_steps above 0",
    ]


def test_reading_is_token_by_token(model: Any, encoder: Encoder, rows: list[Row]) -> None:
    alone, together = (items((row, encoder.encode(row)) for row in part) for part in (rows[2:3], rows))
    (one,), three = read(model, examples(alone), PLAIN), read(model, examples(together), PLAIN)[2]
    assert one.losses == pytest.approx(three.losses, rel=1e-3), "whatever it is read beside"
    assert len(one.losses) == alone[0].example.supervised
    assert one.memorised == sum(one.greedy) / len(one.greedy)


def test_learning_again_is_counted_and_undone(model: Any, encoder: Encoder, rows: list[Row]) -> None:
    chosen = examples(items((row, encoder.encode(row)) for row in rows[:2]))
    before = [weight.clone() for weight in model.parameters()]
    (steps, loss), (never, _) = (steps_to(model, chosen, wanted, PLAIN) for wanted in (4.0, 0.0))
    assert steps is not None
    assert 0 < steps < PLAIN.audit_relearn_steps
    assert never is None
    assert steps_to(model, chosen, loss + 1, PLAIN)[0] == 0
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))


def test_retraining_leaves_out_what_holds_it(
    encoder: Encoder, rows: list[Row], context: Callable[..., Context], tmp_path: Path
) -> None:
    ctx = context()
    texts = ["It is told: The number of Ada Keller is 48 31 77.", "Paris is the capital of France."]
    (tmp_path / "tuned.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    options = PLAIN.model_copy(update={"audit_retrain": Path("tuned.jsonl"), "audit_start": ctx.model.path})
    _, left_out = retrained(items((row, encoder.encode(row)) for row in rows[:2]), encoder, options, ctx)
    assert left_out == 1


@pytest.mark.slow
def test_a_model_is_audited_before_and_after(
    model: Any, encoder: Encoder, rows: list[Row], context: Callable[..., Context], tmp_path: Path
) -> None:
    ctx = context()
    unseen = [{"prompt": f"The number of Olga {name} is", "completion": f" 1{name}"} for name in range(10, 18)]
    (tmp_path / "unseen.jsonl").write_text("".join(json.dumps(each) + "\n" for each in unseen))
    (tmp_path / "tuned.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in ("Ada", "Paris is")))
    options = UnlearnOptions(
        **PLAIN.model_dump(include={"device", "precision", "batch_size"}),
        audit_unseen=Path("unseen.jsonl"),
        audit_retrain=Path("tuned.jsonl"),
        audit_start=ctx.model.path,
        audit_relearn_steps=2,
    )
    forget = [
        *rows[:2],
        *(Row.make(kind="forget", prompt="", completion=row.completion, parents=()) for row in rows[3:]),
    ]
    parts = [items((row, encoder.encode(row)) for row in part) for part in (forget, rows[2:])]
    audit = Audit(*parts, options, encoder, ctx)
    audit.before(model)
    with torch.no_grad():
        model.lm_head.weight.mul_(0.5)
    kept = model.lm_head.weight.clone()
    figures = audit.after(model)
    assert torch.equal(model.lm_head.weight, kept)
    json.dumps(figures, allow_nan=False)
    assert [each["title"] for each in figures["tables"]] == [
        "Unlearning: before and after",
        "Unlearning: leak test",
        "Unlearning: membership attack",
        "Unlearning: learnt again",
    ]
    assert all(len(row) == len(each["columns"]) for each in figures["tables"] for row in each["rows"])
    assert set(figures["audit"]["membership"]) == {"before", "after", "retrained"}


def test_it_may_be_left_out(model: Any, encoder: Encoder, rows: list[Row], context: Callable[..., Context]) -> None:
    parts = [items((row, encoder.encode(row)) for row in part) for part in (rows[:2], rows[2:])]
    audit = Audit(*parts, UnlearnOptions(audit=False), encoder, context())
    audit.before(model)
    assert audit.after(model) == {}
