"""Iterative contrastive unlearning (arXiv 2407.20271).

As its authors' code has it: the loss of a step, the neighbours, switching items off and on, and when it ends. Otherwise
here: the optimiser is that of `trl`; sentence embeddings' cosine stands in for BERTScore, and words where there is no
encoder; of extraction likelihood a few prefixes are taken, not all; of the starting model's predictions the likeliest
words are kept, and their KL divergence in place of the cross entropy, which differs by a constant. Ours is `until:
unseen`, for an item that is no longer written may be known as well as ever.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import torch

from cem_toolkit.api import Context, Embedder
from cem_toolkit.searching import find_encoder
from cem_trl.encoding import Encoder, Example
from cem_trl.passes import predictions
from cem_trl.predicted import Predicted
from cem_unlearn.examining import Examiner
from cem_unlearn.forget import Item, encode_items, read_items
from cem_unlearn.icu import IcuOptions
from cem_unlearn.likeness import nearest
from cem_unlearn.original import divergence, expected
from cem_unlearn.unlearning import Unlearning

COURSE = ("epoch", "items still to unlearn", "loss", "memorisation accuracy", "extraction likelihood", "BLEU", "cosine")

SWITCHED = {
    "unwritten": "An item that is continued unlike the truth",
    "unseen": "An item as unlikely as texts that were never seen",
}


class IcuMethod(Unlearning):
    """Which items are switched on, and what was measured after each epoch, are a part of its state."""

    options: IcuOptions

    def __init__(self, options: IcuOptions) -> None:
        super().__init__(options)
        self.active: list[bool] = []
        self._course: list[list[float]] = []
        self._ended = False

    def schedule(self, ctx: Context) -> list[Example]:
        """Passes over the items to unlearn, each shuffled anew; the last step of one is filled up with items that it
        had."""
        self._turns = turns(len(self.forget), self.options.batch_size, self.options.epochs, ctx.seed)
        return [self.forget[number].example for turn in self._turns for number in turn]

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        super().begin(model, encoder, ctx)
        embedder = self._embedder(model, ctx)
        self._log = ctx.log
        unseen = self._unseen(encoder, ctx)
        self._examiner = Examiner(self.forget, unseen, encoder.tokenizer, embedder, self.options)
        self.pairs = self._pairs(embedder, ctx)
        self._before: dict[int, Predicted] = {}
        if self.options.original:
            chosen = sorted(set(self.pairs))
            found = expected(model, [self.retained[each].example for each in chosen], self.options)
            self._before = dict(zip(chosen, found, strict=True))
        self._examine(model, epoch=0)

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        """The weighted loss of the step's items that are switched on, and of their neighbours. Where none is, one
        without gradient: the model, and what the optimiser remembers, stay as they are."""
        on = [each for each in dict.fromkeys(self._turns[number]) if self.active[each]]
        if not on or self._ended:
            return torch.zeros((), device=model.device)
        options = self.options
        loss = -options.forgetting * _loss(*predictions(model, [self.forget[each].example for each in on]))
        if options.neighbour or options.original:
            pairs = [self.pairs[each] for each in on]
            found = predictions(model, [self.retained[each].example for each in pairs])
            loss = loss + options.neighbour * _loss(*found)
            if options.original:
                loss = loss + options.original * divergence([self._before[each] for each in pairs], found[0])
        return loss

    def done(self, model: Any, number: int) -> bool:
        steps = len(self._turns) // self.options.epochs
        if number % steps == 0 and not self._ended:
            self._examine(model, number // steps)
        return self._ended

    def state(self) -> Mapping[str, torch.Tensor]:
        return {
            "active": torch.tensor(self.active),
            "course": torch.tensor(self._course, dtype=torch.float64),
            "ended": torch.tensor(self._ended),
        }

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self.active, self._course = state["active"].tolist(), state["course"].tolist()
        self._ended = bool(state["ended"])

    def end(self, model: Any) -> Mapping[str, Any]:
        audited = super().end(model)
        table = {
            "title": "Unlearning, epoch by epoch",
            "text": f"{SWITCHED[self.options.until]} is switched off, and on again where it returns. Means are over "
            "all items; epoch 0 is the starting model.",
            "columns": list(COURSE[: len(self._course[0])]),
            "rows": [[*map(int, row[:2]), *row[2:]] for row in self._course],
        }
        return {**audited, "still_active": sum(self.active), "tables": [table, *audited.get("tables", ())]}

    def _examine(self, model: Any, epoch: int) -> None:
        """Switches items off and on by how `model` continues them."""
        found = self._examiner.examine(model)
        self.active, self._ended = found.active(self.options), found.ended(self.options)
        on = sum(self.active)
        self._course.append([epoch, on, *found.means])
        self._log(f"epoch {epoch}: {on} of {len(self.forget)} items are still to unlearn")

    def _unseen(self, encoder: Encoder, ctx: Context) -> list[Item]:
        """Texts that the model has never seen, where items are measured against such."""
        if self.options.until == "unwritten":
            return []
        path = ctx.config_folder / str(self.options.audit_unseen)
        return encode_items(read_items(path, "audit_unseen"), encoder)[: self.options.audit_items]

    def _embedder(self, model: Any, ctx: Context) -> Embedder | None:
        if not self.options.encoder:
            return None
        found = find_encoder("trainer icu", self.options.encoder, ctx, always=True)
        return Embedder(found.path, device=str(model.device))

    def _pairs(self, embedder: Embedder | None, ctx: Context) -> list[int]:
        """For each item to unlearn the number of its retained neighbour."""
        if self.options.neighbours == "random":
            chance = Random(f"{ctx.seed}/neighbours")  # noqa: S311 (not for secrets)
            return [chance.randrange(len(self.retained)) for _ in self.forget]
        return nearest([*map(_text, self.forget)], [*map(_text, self.retained)], embedder)


def turns(items: int, size: int, epochs: int, seed: int) -> list[list[int]]:
    """The numbers of the items of every step, `size` each: so many whole epochs."""
    found: list[list[int]] = []
    for epoch in range(epochs):
        order = list(range(items))
        Random(f"{seed}/{epoch}").shuffle(order)  # noqa: S311 (not for secrets)
        steps = -(-items // size)
        filled = [order[place % items] for place in range(steps * size)]
        found += [filled[start : start + size] for start in range(0, len(filled), size)]
    return found


def _loss(logits: torch.Tensor, tokens: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The mean over all tokens, in nats."""
    return torch.nn.functional.cross_entropy(logits, tokens)


def _text(item: Item) -> str:
    return item.row.prompt + item.row.completion
