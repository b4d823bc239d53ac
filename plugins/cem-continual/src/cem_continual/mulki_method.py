"""The course of a training by `cem_continual.mulki.Mulki`."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch

from cem_continual.mulki import MulkiOptions
from cem_continual.teachers import Prototypes, relation_losses, teacher_weights
from cem_toolkit.api import CemError, Context, Model
from cem_trl.anchor import KEPT
from cem_trl.encoding import IGNORED, Encoder, Example
from cem_trl.method import Encoded, Method
from cem_trl.models import load_start
from cem_trl.options import TrlOptions
from cem_trl.passes import example_means, padded
from cem_trl.predicted import Predicted, predicted

ROWS = 8
"""Read by a teacher at once."""


@dataclass(frozen=True)
class Read:
    """One pass of examples: `logits` (tokens, vocabulary) of the tokens with loss, these `tokens` and the number of
    each one's example `rows`, both (tokens,), and the mean last hidden `states` of each example, (examples, width)."""

    logits: torch.Tensor
    tokens: torch.Tensor
    rows: torch.Tensor
    states: torch.Tensor

    def losses(self) -> torch.Tensor:
        """Of each example, its mean over tokens, in nats."""
        each = torch.nn.functional.cross_entropy(self.logits, self.tokens, reduction="none")
        return example_means(each, self.rows, len(self.states))


def read(model: Any, examples: Sequence[Example]) -> Read:
    inputs = padded(examples, model.device)
    labels = inputs.pop("labels")[:, 1:]
    wanted = labels != IGNORED
    output = model(**inputs, use_cache=False, output_hidden_states=True)
    mask = inputs["attention_mask"].unsqueeze(-1)
    states = (output.hidden_states[-1].float() * mask).sum(1) / mask.sum(1)
    return Read(output.logits[:, :-1][wanted].float(), labels[wanted], wanted.nonzero()[:, 0], states)


class Teacher:
    """What one model says of all held examples. It is asked once, before training, and not kept."""

    def __init__(self, name: str, model: Any, examples: Sequence[Example], prototypes: int, seed: int) -> None:
        self.name = name
        self._expected: list[Predicted] = []
        losses, states = [], []
        training = model.training
        model.eval()
        with torch.no_grad():
            for start in range(0, len(examples), ROWS):
                found = read(model, examples[start : start + ROWS])
                losses.append(found.losses())
                states.append(found.states)
                self._expected += [predicted(found.logits[found.rows == row]) for row in range(len(found.states))]
        model.train(training)
        self.losses = torch.cat(losses)
        """On each example's own tokens with loss, in nats."""
        represented = torch.cat(states)
        self.prototypes = Prototypes(represented, prototypes, seed)
        self._relations = self.prototypes.relations(represented)

    def divergence(self, student: Read, rows: Sequence[int], held: Sequence[int]) -> torch.Tensor:
        """KL from this teacher to `student`, a mean over the tokens of each of its `rows`, (rows,): they are the
        examples `held`, by number."""
        each = [
            self._expected[example].divergences(student.logits[student.rows == row]).mean()
            for row, example in zip(rows, held, strict=True)
        ]
        return torch.stack(each)

    def relation_losses(self, student: Read, rows: Sequence[int], held: Sequence[int]) -> torch.Tensor:
        """The same of relations."""
        return relation_losses(self.prototypes.relations(student.states[rows]), self._relations[held])


class TwoTeachers(Method):
    """The mean loss over the step's tokens, and on those of its rows that are held the two teachers'."""

    def __init__(self, options: MulkiOptions, original: Model | None) -> None:
        self._options, self._original = options, original
        self._held: list[Example] = []
        self._number: dict[int, int] = {}
        self._teachers: list[Teacher] = []
        self._weights = torch.empty(0, 0)
        """(teachers, held examples)."""
        self._course: list[tuple[float, float]] = []
        """Of each step with held rows, divergence and relation loss."""

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        chance = random.Random(f"{ctx.seed}/held")  # noqa: S311 (not for secrets)
        chosen = (row.kind in KEPT or chance.random() < self._options.new_share for row, _ in encoded)
        held = (made for (_, made), kept in zip(encoded, chosen, strict=True) if kept)
        # Shorter ones first, so that those read together differ little.
        examples = (example for made in held for example in made if example.supervised)
        self._held = sorted(examples, key=lambda each: len(each.input_ids))
        self._number = {id(example): number for number, example in enumerate(self._held)}
        return super().order(encoded, options, ctx)

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        if not self._held:
            ctx.log("mulki trains without teachers: there are no review and no general rows, and new_share is too low")
            return
        self._teachers = list(self._ask(model, ctx))
        losses = torch.stack([teacher.losses for teacher in self._teachers])
        equal = torch.full_like(losses, 1 / len(losses))
        by_loss = self._options.teacher_weights == "loss"
        self._weights = teacher_weights(losses, self._options.temperature) if by_loss else equal

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        student = read(model, examples)
        loss = torch.nn.functional.cross_entropy(student.logits, student.tokens)
        rows = [row for row, example in enumerate(examples) if id(example) in self._number]
        if not rows:
            return loss
        held = [self._number[id(examples[row])] for row in rows]
        divergence = self._trusted([each.divergence(student, rows, held) for each in self._teachers], held)
        relations = self._trusted([each.relation_losses(student, rows, held) for each in self._teachers], held)
        self._course.append((float(divergence.detach()), float(relations.detach())))
        return loss + self._options.distillation * divergence + self._options.relations * relations

    def state(self) -> Mapping[str, torch.Tensor]:
        return {"course": torch.tensor(self._course).view(-1, 2)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._course = [(divergence, relations) for divergence, relations in state["course"].tolist()]

    def end(self, model: Any) -> Mapping[str, Any]:
        rows = [
            [teacher.name, float(teacher.losses.mean()), float(weights.mean())]
            for teacher, weights in zip(self._teachers, self._weights, strict=True)
        ]
        quarter = -(-len(self._course) // 4)
        late = self._course[-quarter:] if quarter else []
        table = {
            "title": "Teachers",
            "text": f"{len(self._held)} rows are held to the teachers. A teacher's loss is in nats a token of these "
            "rows; its weight is how much it was trusted, on average.",
            "columns": ["teacher", "loss", "weight"],
            "rows": rows,
        }
        return {
            "held_rows": len(self._held),
            "divergence": fmean(each for each, _ in late) if late else None,
            "relation_loss": fmean(each for _, each in late) if late else None,
            "tables": [table] if rows else [],
        }

    def _ask(self, model: Any, ctx: Context) -> Iterable[Teacher]:
        given = self._held, self._options.prototypes, ctx.seed
        original = self._original
        if original is not None and original.fingerprint != ctx.model.fingerprint:
            asked = load_start(replace(ctx, model=original)).to(model.device)
            if len(asked.get_input_embeddings().weight) != len(model.get_input_embeddings().weight):
                raise CemError(f"trainer.original: {original.name} has another vocabulary than the trained model")
            yield Teacher("the original model", asked, *given)
            del asked
        elif original is None:
            ctx.log("mulki has one teacher, the round's start: name the run's starting model as original for two")
        yield Teacher("the round's start", model, *given)

    def _trusted(self, losses: Sequence[torch.Tensor], held: Sequence[int]) -> torch.Tensor:
        """The mean over samples of what the teachers say, each as far as it is trusted."""
        return (torch.stack(list(losses)) * self._weights[:, held]).sum(0).mean()
