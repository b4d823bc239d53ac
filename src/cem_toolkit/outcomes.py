"""What became of the questions: counts against an earlier model, numerators and denominators alike."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.parsing import json_lines
from cem_toolkit.plain import brief

SETS = ("mined", "siblings", "held_out", "selection", "reviewed")
"""What questions are counted as, besides those of the general tasks."""
STOPPING = "stopping"
"""The split of which nothing is told."""
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
    drawn: bool = False
    """Whether it stands for questions that were not asked (`Attempt.weight` above 1)."""


Answers = Mapping[tuple[str, str], Answer]
"""By task and question id."""


def read_answers(path: Path) -> dict[tuple[str, str], Answer]:
    """The answers in an `attempts.jsonl`, without their texts: a tenth of the memory. Raises CemError for a line that
    is no attempt."""
    answers: dict[tuple[str, str], Answer] = {}
    known: dict[str, str] = {}  # splits, groups and tasks come again and again

    def shared(text: str) -> str:
        return known.setdefault(text, text)

    for number, read in json_lines(path, "Attempt record"):
        try:
            answer = Answer(
                bool(read["correct"]),
                shared(read["split"]),
                shared(read["group"]),
                _margin(read),
                read.get("weight", 1) > 1,
            )
            answers[shared(read["task"]), read["id"]] = answer
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise CemError(f"{path}:{number}: is no Attempt record: {brief(repr(error))}") from None
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
    """A set's questions: (right before, right now) of each that was asked, and their groups."""

    pairs: list[tuple[bool, bool]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    drawn: list[bool] = field(default_factory=list)
    """Of each, whether it was drawn from the questions that were not all asked."""
    total: int = 0
    """How many questions the set has, asked or not."""
    squares: int = 0
    """The sum of the squared sizes of all its groups; a question without a group is its own."""
    known: int | None = None
    """How many of all these were right before, where all were asked before."""

    @property
    def asked(self) -> int:
        return len(self.pairs)

    @property
    def blind(self) -> bool:
        """Whether nothing is known of a part of the set: not all of it was asked, and none drawn from the rest."""
        return self.asked < self.total and not any(self.drawn)

    def add(self, before: bool, now: Answer) -> None:
        self.pairs.append((before, now.correct))
        self.groups.append(now.group)
        self.drawn.append(now.drawn)


def paired(
    before: Answers, after: Answers, reviewed: Collection[str], among: Answers | None = None
) -> dict[str, Pairs]:
    """The questions that both have, by set: those of `SETS`, and `general: TASK` for each general task.

    `reviewed` are the ids of questions whose own answer pair was trained on; they are counted apart, never as mined.
    `among` are all questions of the run, where these are not those of `before`. Stopping questions, by which training
    was chosen, are left out.
    """
    sets = {name: Pairs() for name in SETS}
    for key, now in after.items():
        then = before.get(key)
        if then is not None and now.split != STOPPING:
            sets.setdefault(set_name(key[0], key[1], now.split, reviewed), Pairs()).add(then.correct, now)
    if not any(any(found.drawn) for found in sets.values()):  # all were asked
        for found in sets.values():
            found.total, found.known = found.asked, sum(then for then, _ in found.pairs)
        return sets
    sizes: dict[tuple[str, str], int] = {}
    for key, answer in (before if among is None else among).items():
        if answer.split == STOPPING:
            continue
        name = set_name(key[0], key[1], answer.split, reviewed)
        found = sets.setdefault(name, Pairs())
        seen = sizes.get((name, answer.group), 0) if answer.group else 0
        sizes[name, answer.group] = seen + 1
        found.total += 1
        found.squares += 2 * seen + 1  # (seen + 1)² - seen²
        if among is None:
            found.known = (found.known or 0) + answer.correct
    return sets


def pair_up(keys: Iterable[tuple[str, str]], before: Answers, after: Answers) -> Pairs:
    """These questions as one set, without regard to groups. All were asked `before`, and some `after`."""
    found = Pairs(known=0)
    for key in keys:
        found.total, found.squares = found.total + 1, found.squares + 1
        found.known = (found.known or 0) + before[key].correct
        if key in after:
            found.add(before[key].correct, after[key])
    return found


def set_name(task: str, question_id: str, split: str, reviewed: Collection[str]) -> str:
    """Which set a question is counted in."""
    if question_id in reviewed:
        return "reviewed"
    if split == "general":
        return GENERAL + task
    return "siblings" if split == "sibling" else split


def outcomes(sets: Mapping[str, Pairs]) -> dict[str, Any]:
    """Counts of what was asked, by set, JSON-safe; under `general` by task. `total` is how many the set has."""
    counted = {name: {**asdict(Outcome.of(found.pairs)), "total": found.total} for name, found in sets.items()}
    general = {name.removeprefix(GENERAL): count for name, count in counted.items() if name.startswith(GENERAL)}
    return {**{name: counted[name] for name in SETS}, "general": general}
