"""The steps of `bcl`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch

from cem_continual.bcl import EPISODIC, GENERALIZATION, BclOptions
from cem_continual.counting import Counting, token_loss
from cem_continual.soft_targets import SoftTargets, as_tensors, read_targets
from cem_toolkit.api import Context
from cem_trl.encoding import Encoder, Example
from cem_trl.method import Encoded
from cem_trl.options import TrlOptions
from cem_trl.passes import predictions


class Bilevel(Counting):
    """theta, the model's weights, moves by beta of the way to phi, which SGD steps lead to: its optimiser is given
    theta - phi as the gradient, and beta as the learning rate."""

    optimizer: ClassVar[Any] = "sgd"

    def __init__(self, options: BclOptions, stored: Path) -> None:
        """`stored` is the folder of the model's memory."""
        super().__init__()
        self._options, self._stored = options, stored
        self._episodic: list[Example] = []
        self._held_out: list[tuple[int, Example]] = []
        """Of the generalization memory, with the step from which on an example is known."""
        self._known: dict[int, SoftTargets] = {}
        """Of the episodic memory, by the object that an example is."""

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        order = super().order(encoded, options, ctx)
        self._encoded = {row.id: list(examples) for row, examples in encoded}
        self._earlier = {row.id for row, _ in encoded if not row.weight}
        parts = {each.row.id: each.part for each in (*self.past.kept, *self.after.kept)}
        first = {id(each): number // options.batch_size for number, each in reversed(list(enumerate(order)))}
        for row, examples in encoded:
            if parts.get(row.id) == GENERALIZATION:
                self._held_out += [(first.get(id(each), 0), each) for each in examples]
            elif row.id in self._earlier:
                self._episodic += examples
        return order

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        """Finds what was predicted on the episodic memory."""
        vocabulary = model.get_output_embeddings().weight.shape[0]
        self._before = {}
        for row, each in read_targets(self._stored, self._options.temperature).items():
            examples = self._encoded[row] if row in self._earlier else []
            if parts := each.parts([example.supervised for example in examples], vocabulary):
                self._before[row] = each
                self._known |= {id(example): part for example, part in zip(examples, parts, strict=True)}

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        theta = [weight.detach().clone() for weight in weights]
        count = round(self._options.replay * len(examples))
        losses = []
        for inner in range(self._options.inner_steps):
            drawn = self.draw(self._episodic, count, number, inner)
            loss = self._inner_loss(model, examples, drawn)
            losses.append(loss.detach())
            self._descend(loss, weights)
        known = [each for since, each in self._held_out if since <= number]
        if drawn := self.draw(known, max(count, 1), number, "outer"):
            self.saw(drawn)
            self._descend(token_loss(model, drawn), weights)
        with torch.no_grad():
            for weight, start in zip(weights, theta, strict=True):
                weight.grad = start - weight
                weight.copy_(start)
        return losses[0]

    def _inner_loss(self, model: Any, examples: Sequence[Example], drawn: Sequence[Example]) -> torch.Tensor:
        """Of the step's rows, of the episodic memory, and its divergence from what was predicted once."""
        self.saw([*examples, *drawn])
        logits, tokens, rows = predictions(model, [*examples, *drawn])
        losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
        own = rows < len(examples)
        loss = losses[own].mean()
        if not drawn:
            return loss
        loss = loss + losses[~own].mean()
        divergences = [
            known.divergence(logits[rows == len(examples) + place])
            for place, each in enumerate(drawn)
            if (known := self._known.get(id(each)))
        ]
        if self._options.memory_strength and divergences:
            loss = loss + self._options.memory_strength * torch.cat(divergences).mean()
        return loss

    def _descend(self, loss: torch.Tensor, weights: Sequence[torch.nn.Parameter]) -> None:
        """One step of SGD."""
        for weight in weights:
            weight.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        found = [(weight, weight.grad) for weight in weights if weight.grad is not None]
        most = self._options.max_grad_norm
        norm = torch.nn.utils.get_total_norm([each for _, each in found])
        scale = (most / norm).clamp(max=1.0) if most else torch.ones(())
        with torch.no_grad():
            for weight, each in found:
                weight.sub_(each * (self._options.learning_rate * scale))

    def end(self, model: Any) -> Mapping[str, Any]:
        """Stores what the trained model predicts on this round's rows of the episodic memory, and what earlier ones
        predicted on theirs."""
        kept = [each.row.id for each in self.after.kept if each.part == EPISODIC and self._encoded.get(each.row.id)]
        predicted = {row: self._before.get(row) or self._predicted(model, row) for row in kept}
        self.targets = as_tensors(predicted, self._options.temperature)
        return super().end(model)

    def _predicted(self, model: Any, row: str) -> SoftTargets:
        model.eval()
        with torch.no_grad():
            return SoftTargets.of(predictions(model, self._encoded[row])[0], self._options.temperature)
