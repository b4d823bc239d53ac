"""The very batch that reaches the loss, with both kinds of rows in it."""

from typing import Any

import pytest

from cem_toolkit.api import Model, Row
from cem_trl.encoding import Encoder
from cem_trl.models import usable_tokenizer
from cem_trl.prepare import make_trainer
from cem_trl.trainer import Trl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.mark.parametrize("which", ["tiny", "tied"])
def test_labels_of_both_kinds_in_one_batch(
    which: str, request: pytest.FixtureRequest, context: Any, passages: list[Row], instructions: list[Row]
) -> None:
    model: Model = request.getfixturevalue(which)
    ctx = context(model=model)
    tokenizer = usable_tokenizer(ctx)
    assert (tokenizer.pad_token_id == tokenizer.eos_token_id) == (which == "tiny")
    encoder = Encoder(tokenizer, 512, chat=False)
    order = [example for row in (passages[0], instructions[0]) for example in encoder.encode(row)]
    trainer = make_trainer(order, tokenizer, Trl.Options(), ctx, "cpu", "float32")
    batch = next(iter(trainer.get_train_dataloader()))

    assert batch["input_ids"].shape == (2, max(len(example.input_ids) for example in order))
    for ids, labels, mask, row in zip(
        batch["input_ids"], batch["labels"], batch["attention_mask"], (passages[0], instructions[0]), strict=True
    ):
        text, beyond = ids[mask == 1], labels[mask == 0]
        assert tokenizer.decode(text, skip_special_tokens=True) == row.prompt + row.completion
        assert (beyond == -100).all()
        assert text[-1] == labels[mask == 1][-1] == tokenizer.eos_token_id
        learned = text if not row.prompt else text[labels[mask == 1] != -100]
        assert (labels[mask == 1][-len(learned) :] == learned).all()
        assert tokenizer.decode(learned, skip_special_tokens=True) == row.completion


def test_an_epoch_is_gone_through_in_order_with_the_rest_as_a_smaller_step(context: Any, passages: list[Row]) -> None:
    ctx = context()
    tokenizer = usable_tokenizer(ctx)
    encoder = Encoder(tokenizer, 512, chat=False)
    order = [example for row in passages for example in encoder.encode(row)]
    trainer = make_trainer(order, tokenizer, Trl.Options(batch_size=2), ctx, "cpu", "float32")
    seen = [
        ids[: len(order[i].input_ids)]
        for i, ids in enumerate(x for b in trainer.get_train_dataloader() for x in b["input_ids"])
    ]
    assert [ids.tolist() for ids in seen] == [example.input_ids for example in order]
