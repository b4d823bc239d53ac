"""Trainers put through the rounds of a stream, as a run puts them, and what the model knows after each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from small import small_model
from streams import Labelled, ask
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_continual.balance import completion
from cem_toolkit.api import Context, Model, Row, Trainer
from cem_toolkit.forgetting import matrix
from cem_toolkit.models import fingerprint
from cem_toolkit.testing import make_context
from cem_trl.encoding import Encoder
from cem_trl.passes import predictions
from cem_trl.quiet import quiet

Options = Mapping[str, Any]
USUAL = {
    "device": "cpu",
    "precision": "float32",
    "gradient_checkpointing": False,
    "checkpoint_seconds": 0,
    "freeze": "none",
}
"""Options of all trainers here. In so small a model the table of embeddings is half of what there is to learn."""
BATCH = 64


def train(
    trainer: type[Trainer], options: Options, rows: Sequence[Row], ctx: Context
) -> tuple[Model, Mapping[str, Any]]:
    """The model that `trainer` leaves, and its figures."""
    made = trainer(trainer.Options(**USUAL, **options))
    made.check(ctx)
    figures = made.train(rows, ctx)
    folder = ctx.folder / "model"
    return Model(name=f"round {ctx.round}", path=folder, fingerprint=fingerprint(folder)), figures


@contextmanager
def contexts(seed: int) -> Iterator[Any]:
    """Makes the context of each round, by its number and the model to train from."""
    with TemporaryDirectory() as folder:
        yield lambda number, model: make_context(Path(folder) / str(number), model=model, round=number, seed=seed)


def through(
    trainer: type[Trainer],
    options: Options,
    rounds: Sequence[tuple[list[Labelled], list[Labelled]]],
    name: str,
    seed: int,
) -> tuple[list[list[list[str]]], int]:
    """By round, from 0, and by round's tests the label that the model prefers for each text; and the tokens of all
    trainings."""
    labels = list(dict.fromkeys(label for found, _ in rounds for _, label in found))
    model, tokens = small_model(), 0
    answers = [[preferred(model, tests, labels, name) for _, tests in rounds]]
    with contexts(seed) as context:
        for number, (found, _) in enumerate(rounds, 1):
            model, figures = train(trainer, options, ask(found, name), context(number, model))
            tokens += figures["tokens"]
            answers.append([preferred(model, tests, labels, name) for _, tests in rounds])
    return answers, tokens


def share_right(answers: Sequence[str], tests: Sequence[Labelled]) -> float:
    return sum(answer == label for answer, (_, label) in zip(answers, tests, strict=True)) / len(tests)


def passed_on(shares: Sequence[Sequence[float]]) -> dict[str, float]:
    """Of `shares` of right answers, by round from 0 and by round's tests, what is left at the end, and what later
    rounds did to earlier ones."""
    table = {str(number): [after[number - 1] for after in shares] for number in range(1, len(shares))}
    found = matrix(table, {label: int(label) for label in table})
    assert found.average_performance is not None and found.backward_transfer is not None  # noqa: S101
    return {"average performance": found.average_performance, "backward transfer": found.backward_transfer}


def preferred(model: Model, tests: Sequence[Labelled], labels: Sequence[str], name: str) -> list[str]:
    """Of `labels`, which differ in their first token, the one that `model` finds likeliest for each text."""
    encoder = Encoder(AutoTokenizer.from_pretrained(model.path), 256, chat=False)
    begins = [completion(encoder.encode(row)[0])[0] for row in ask([("", label) for label in labels], name)]
    if len(set(begins)) < len(labels):
        raise ValueError("two labels begin with the same token")
    examples = [encoder.encode(row)[0] for row in ask([(text, labels[0]) for text, _ in tests], name)]
    found = []
    with quiet(), torch.no_grad():
        loaded = AutoModelForCausalLM.from_pretrained(model.path).eval()
        for start in range(0, len(examples), BATCH):
            logits, _, rows = predictions(loaded, examples[start : start + BATCH])
            firsts = torch.cat([torch.ones(1, dtype=torch.bool), rows[1:] != rows[:-1]])
            found += [labels[each] for each in logits[firsts][:, begins].argmax(-1).tolist()]
    return found
