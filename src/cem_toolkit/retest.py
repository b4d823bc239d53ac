"""Which questions are asked again after a round: all of them, or those that its training could have touched and a
sample of the rest."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from cem_toolkit.errors import CemError
from cem_toolkit.records import Attempt, Mistake, Passage, Row, Split, content_id
from cem_toolkit.splits import share

Key = tuple[str, str]
"""A question's task and id."""
ALWAYS: tuple[Split, ...] = ("selection", "general")
"""Splits that are asked in full after every round: the gate decides by them."""


@dataclass(frozen=True)
class Retest:
    """A part of a run's questions."""

    splits: Mapping[Key, Split]
    """Of the questions that are asked: a split depends on all questions of a run, so it is not decided anew."""
    weights: Mapping[Key, float]
    """`Attempt.weight` of each."""
    total: int
    """All questions of the run."""

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(question for _, question in self.weights)

    @property
    def key(self) -> str:
        """Tells this part from any other."""
        return content_id(*(f"{task}\x1f{question}\x1f{weight!r}" for (task, question), weight in self._sorted()))

    def _sorted(self) -> list[tuple[Key, float]]:
        return sorted(self.weights.items())

    def take(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        """The attempts that belong to this part, with splits and weights. Raises CemError where one is missing."""
        found = {(a.task, a.id): a for a in attempts if (a.task, a.id) in self.weights}
        if missing := sorted(self.weights.keys() - found.keys()):
            task, question = missing[0]
            raise CemError(
                f"the evaluator left out {len(missing):,} of {len(self.weights):,} questions that it was to ask again, "
                f"such as {question} of {task}; set retest.rest and retest.last to 1"
            )
        return [replace(a, split=self.splits[key], weight=self.weights[key]) for key, a in found.items()]


def touched(
    rows: Iterable[Row], passages: Iterable[Passage], mistakes: Iterable[Mistake], attempts: Sequence[Attempt]
) -> frozenset[str]:
    """Ids of the questions that a training row descends from, and of all others of their groups."""
    asked = {mistake.id: mistake.attempt_id for mistake in mistakes}
    found_for = {passage.id: [hit.mistake_id for hit in passage.hits] for passage in passages}
    origins: set[str] = set()
    for row in rows:
        origins.update(row.own_pairs)
        for parent in row.parents:
            origins.update(asked.get(origin, origin) for origin in found_for.get(parent, [parent]))
    groups = {attempt.group for attempt in attempts if attempt.group and attempt.id in origins}
    return frozenset(attempt.id for attempt in attempts if attempt.id in origins or attempt.group in groups)


def choose(attempts: Sequence[Attempt], sure: frozenset[str], part: float, seed: int) -> Retest | None:
    """Of `attempts`, which hold all questions of a run: those in `sure`, those of `ALWAYS`, and of the others of each
    split the share `part`, rounded up. None where these are all.

    The sample is drawn without replacement, by the order of a hash of seed and id: it is the same on every machine,
    and a larger share holds the smaller one's.
    """
    certain = sure | {attempt.id for attempt in attempts if attempt.split in ALWAYS}
    rest = {attempt.split: set[str]() for attempt in attempts}
    for attempt in attempts:
        if attempt.id not in certain:
            rest[attempt.split].add(attempt.id)
    drawn = {
        question
        for questions in rest.values()
        for question in sorted(questions, key=lambda each: share("retest", str(seed), each))[: _count(questions, part)]
    }
    asked = [attempt for attempt in attempts if attempt.id in certain or attempt.id in drawn]
    if len(asked) == len(attempts):
        return None
    every = Counter(attempt.split for attempt in attempts if attempt.id not in certain)
    some = Counter(attempt.split for attempt in asked if attempt.id not in certain)
    weight = {split: every[split] / some[split] for split in some}
    return Retest(
        splits={(a.task, a.id): a.split for a in asked},
        weights={(a.task, a.id): 1.0 if a.id in certain else weight[a.split] for a in asked},
        total=len(attempts),
    )


def _count(questions: set[str], part: float) -> int:
    """Rounded up, though not by a rounding error: 0.07 of 100 is 7."""
    return ceil(round(len(questions) * part, 9))
