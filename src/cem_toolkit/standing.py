"""What the stages of a round are given: a model with its answers, and what a training set is mixed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cem_toolkit.guards import Guards
from cem_toolkit.leaks import LeakGuard
from cem_toolkit.outcomes import Answers, read_answers
from cem_toolkit.records import Attempt, Mistake, Model, Passage, Rewrite
from cem_toolkit.run import Stage
from cem_toolkit.store import read_records


@dataclass(frozen=True)
class Standing:
    """A model and its answers."""

    round: int
    """Of which it is the result; 0: the starting model."""
    model: Model
    evaluated: Stage
    guards: Guards

    @cached_property
    def attempts(self) -> list[Attempt]:
        return list(read_records(self.evaluated.folder / "attempts.jsonl", Attempt))

    @property
    def answers(self) -> Answers:
        return read_answers(self.evaluated.folder / "attempts.jsonl")

    @cached_property
    def guard(self) -> LeakGuard:
        """Against all questions that this model was asked: made once, and only where a stage is not reused."""
        return self.guards.make(self.attempts)


@dataclass(frozen=True)
class Material:
    """What a training set is mixed from, and the keys of the stages that it came from."""

    passages: Sequence[Passage]
    mistakes: Sequence[Mistake]
    steering: Sequence[Attempt]
    start: Standing
    """Whose questions, all of the run's, are guarded against."""
    keys: Mapping[str, str]
    rewrites: Sequence[Rewrite] = ()
