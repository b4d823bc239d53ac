"""The trainer `eul`: requests one after the other, and one model at the end."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_toolkit.api import CemError, Model, Row, file_hash
from cem_toolkit.testing import TrainerTests, example_rows
from cem_trl import watch
from cem_trl.trainer import Trl
from cem_unlearn import requests
from cem_unlearn.eul import Eul
from cem_unlearn.forget import read_items, request_of

OPTIONS: dict[str, Any] = {"epochs": 8, "batch_size": 2, "learning_rate": 1e-2, "audit": False}
TWO = [
    Row.make(kind="forget", prompt=f"The number of {name} is", completion=f" {number}", parents=(f"request: {name}",))
    for name, number in (("Ada", 17), ("Bruno", 23))
]


def train(rows: list[Row], ctx: Any, **options: Any) -> Any:
    trainer = Eul(Eul.Options(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx)


def loss(folder: Path, row: Row) -> float:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    asked, ids = (tokenizer(text).input_ids for text in (row.prompt, row.prompt + row.completion))
    with torch.no_grad():
        told = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return -float(sum(told[place - 1, ids[place]] for place in range(len(asked), len(ids))) / (len(ids) - len(asked)))


@pytest.mark.slow
def test_it_forgets_and_keeps(rows: list[Row], context: Any) -> None:
    learnt = context("learnt")
    known = [dataclasses.replace(row, kind="general") for row in rows]
    Trl(Trl.Options(interpolation=1.0, freeze="none", epochs=20, batch_size=4, learning_rate=1e-2)).train(known, learnt)
    before = learnt.folder / "model"
    ctx = context(model=Model(name="learnt", path=before, fingerprint="learnt"))
    figures = train(rows, ctx, audit=True, audit_relearn_steps=2)
    after = ctx.folder / "model"
    for row in rows:
        assert loss(before, row) < 1.5, "it is known"
        assert (loss(after, row) > 3) == (row.kind == "forget")
    assert figures["requests"] == [
        {"request": "", "items": 2, **{name: figures[name] for name in ("steps", "loss_first", "loss_last")}}
    ]
    assert [table["title"] for table in figures["tables"]], "the fused model is audited"
    assert [path.name for path in ctx.folder.iterdir()] == ["model"], "adapters are merged, and gone"


@pytest.mark.slow
def test_requests_that_are_done_are_not_trained_again(
    rows: list[Row], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    retained = [row for row in rows if row.kind != "forget"]
    whole, ctx = context("whole"), context("cut")
    figures = train(TWO + retained, whole, epochs=2)
    assert [each["request"] for each in figures["requests"]] == ["Ada", "Bruno"]
    assert figures["steps"] == sum(each["steps"] for each in figures["requests"]) == figures["losses"][-1][0]

    trained = []
    by_itself = requests.train

    def once(rows: Any, *given: Any) -> Any:
        if len(trained) == 1:
            trained.append("interrupted")
            raise CemError("interrupted")
        trained.append(request_of(rows[0]))
        return by_itself(rows, *given)

    monkeypatch.setattr(requests, "train", once)
    with pytest.raises(CemError, match="interrupted"):
        train(TWO + retained, ctx, epochs=2)
    again = train(TWO + retained, ctx, epochs=2)
    assert trained == ["Ada", "interrupted", "Bruno"]
    assert again["losses"] == figures["losses"]
    one, two = (load_file(each.folder / "model" / "model.safetensors") for each in (whole, ctx))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.slow
def test_within_a_request_it_goes_on_from_its_checkpoint(
    rows: list[Row], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))
    train(rows, context("whole"), epochs=4)
    step = requests.UnlearningLayer.step

    def until(self: Any, model: Any, examples: Any, number: int) -> Any:
        if number == 5:
            raise CemError("interrupted")
        return step(self, model, examples, number)

    with monkeypatch.context() as patch:
        patch.setattr(requests.UnlearningLayer, "step", until)
        with pytest.raises(CemError, match="interrupted"):
            train(rows, context("cut"), epochs=4, checkpoint_seconds=1e-6)
    figures = train(rows, context("cut"), epochs=4, checkpoint_seconds=1e-6)
    assert figures["resumed_from_step"] == 5
    whole, again = (context(each).folder / "model" / "model.safetensors" for each in ("whole", "cut"))
    assert file_hash(whole) == file_hash(again)


@pytest.mark.slow
def test_a_start_that_is_an_adapter_is_merged_first(rows: list[Row], context: Any, tiny: Model) -> None:
    first = context("first")
    lora = {"method": "lora", "merge": False, "epochs": 1, "lora_rank": 4}
    Trl(Trl.Options(**lora)).train([row for row in rows if row.kind != "forget"], first)
    ctx = context("second", model=Model(name="m", path=tiny.path, fingerprint="m", adapter=first.folder / "model"))
    train(rows, ctx, epochs=1, learning_rate=1e-9)
    start = AutoModelForCausalLM.from_pretrained(tiny.path)
    wanted = PeftModel.from_pretrained(start, first.folder / "model").merge_and_unload().state_dict()
    found = load_file(ctx.folder / "model" / "model.safetensors")
    assert all(torch.allclose(found[name], wanted[name], atol=1e-5) for name in found)


def test_an_adapter_is_not_what_it_leaves(context: Any) -> None:
    with pytest.raises(CemError, match=r"trainer.merge: a fused update is no adapter"):
        Eul(Eul.Options(merge=False)).check(context())
    assert Eul().leaves() == "model"


def test_items_name_their_requests(tmp_path: Path) -> None:
    lines = [{"text": "One."}, {"text": "Two.", "request": "a"}, {"prompt": "Three", "completion": "?", "request": "a"}]
    file = tmp_path / "forget.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert [request_of(row) for row in read_items(file)] == ["", "a", "a"]
    file.write_text('{"text": "One.", "request": 1}', "utf-8")
    with pytest.raises(CemError, match="line 1"):
        read_items(file)


@pytest.mark.slow
class TestEul(TrainerTests):
    component = Eul
    options = {"batch_size": 2, "epochs": 1, "checkpoint_seconds": 0.001, "audit": False}
    bad_options = ({"epochs": 0}, {"method": "full"}, {"merge": False}, {"ridge": 0})

    def rows(self) -> list[Row]:
        return [*example_rows(), *TWO]
