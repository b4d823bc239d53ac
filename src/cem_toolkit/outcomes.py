"""What became of the questions: counts against an earlier model, numerators and denominators alike."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError

SETS = ("mined", "siblings", "held_out", "selection", "reviewed")
"""What questions are counted as, besides those of the general tasks."""
GENERAL = "general: "
"""Stands before the name of a general task where sets are named in one list."""


@dataclass(frozen=True)
class Outcome:
    """Paired counts of one set of questions; `right_after == right_before + fixed - broken`."""

    n: int
    right_before: int
    right_after: int
    fixed: int
    """Wrong before and right now."""
    broken: int
    """Right before and wrong now."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> "Outcome":
        """From (right before, right now) of each question."""
        seen = Counter(pairs)
        return cls(
            n=seen.total(),
            right_before=seen[True, True] + seen[True, False],
            right_after=seen[True, True] + seen[False, True],
            fixed=seen[False, True],
            broken=seen[True, False],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of an attempt when many are compared."""

    correct: bool
    split: str
    group: str
    margin: float


Answers = Mapping[tuple[str, str], Answer]
"""By task and question id."""


def read_answers(path: Path) -> dict[tuple[str, str], Answer]:
    """The answers in an `attempts.jsonl`, without their texts: a tenth of the memory. Raises CemError for a line that
    is no attempt."""
    answers: dict[tuple[str, str], Answer] = {}
    known: dict[str, str] = {}  # splits, groups and tasks come again and again

    def shared(text: str) -> str:
        return known.setdefault(text, text)

    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                read = json.loads(line)
                answer = Answer(bool(read["correct"]), shared(read["split"]), shared(read["group"]), _margin(read))
                answers[shared(read["task"]), read["id"]] = answer
            except (ValueError, TypeError, KeyError) as error:
                raise CemError(f"{path}:{number}: is no Attempt record: {error!r}") from None
    return answers


def _margin(read: Mapping[str, Any]) -> float:
    """As `Attempt.margin`."""
    scores, choices, gold = read["scores"], read["choices"], read["gold"]
    if len(scores) < 2 or gold not in choices:
        return 0.0
    index = choices.index(gold)
    return float(scores[index] - max(score for other, score in enumerate(scores) if other != index))


@dataclass
class Pairs:
    """A set's questions: (right before, right now) of each, and their groups."""

    pairs: list[tuple[bool, bool]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


def paired(before: Answers, after: Answers, reviewed: Collection[str]) -> dict[str, Pairs]:
    """The questions that both have, by set: those of `SETS`, and `general: TASK` for each general task.

    `reviewed` are the ids of questions whose own answer pair was trained on; they are counted apart, never as mined.
    """
    sets = {name: Pairs() for name in SETS}
    for key, now in after.items():
        then = before.get(key)
        if then is not None:
            into = sets.setdefault(set_name(key[0], key[1], now.split, reviewed), Pairs())
            into.pairs.append((then.correct, now.correct))
            into.groups.append(now.group)
    return sets


def set_name(task: str, question_id: str, split: str, reviewed: Collection[str]) -> str:
    """Which set a question is counted in."""
    if question_id in reviewed:
        return "reviewed"
    if split == "general":
        return GENERAL + task
    return "siblings" if split == "sibling" else split


def outcomes(sets: Mapping[str, Pairs]) -> dict[str, Any]:
    """Counts by set, JSON-safe; under `general` by task."""
    counted = {name: asdict(Outcome.of(found.pairs)) for name, found in sets.items()}
    general = {name.removeprefix(GENERAL): count for name, count in counted.items() if name.startswith(GENERAL)}
    return {**{name: counted[name] for name in SETS}, "general": general}
