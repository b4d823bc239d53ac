"""A run's summary, read so that what is missing stays missing: older and unfinished runs lack parts of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cem_toolkit.outcomes import GENERAL
from cem_toolkit.report.words import ARMS, SETS
from cem_toolkit.run import Round, Run

UNSEEN = ("held_out", "siblings", "selection")
"""The sets of questions that never steer the training."""


@dataclass(frozen=True)
class Change:
    """How a set of questions changed. Shares are between -1 and 1; the interval and the test may be missing.

    Where only a part of the set was asked, counts are of that part, and `estimates` of all of it."""

    name: str
    n: int
    right_before: int
    right_after: int
    fixed: int
    broken: int
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Adjusted for the number of sets that were tested together."""
    verdict: str = ""
    """ "better", "worse", "no change shown", or "" where nothing was tested."""
    total: int = 0
    """Questions of the set, asked or not; 0 in summaries that knew no other than all."""
    estimates: tuple[float, float, float] | None = None
    """Shares that are right before and after, and points, where not all were asked."""

    @classmethod
    def of(cls, name: str, counts: Mapping[str, Any], test: Mapping[str, Any] | None = None) -> "Change":
        """From the five counts of an outcome, and from what its test says."""
        test = test if test is not None else counts
        fields = ("n", "right_before", "right_after", "fixed", "broken")
        p = test.get("p_adjusted")
        total = int(counts.get("total", 0))
        names = ("share_before", "share_after", "points")
        estimates = tuple(float(test[each]) for each in names if each in test)
        return cls(
            name=name,
            **{field: int(counts.get(field, 0)) for field in fields},
            total=total,
            estimates=(estimates[0], estimates[1], estimates[2])
            if len(estimates) == 3 and int(counts.get("n", 0)) < total
            else None,
            low=test.get("low"),
            high=test.get("high"),
            p=p if p is not None else test.get("p"),
            verdict=str(test.get("verdict") or ""),
        )

    @property
    def part(self) -> bool:
        """Whether only a part of the set was asked."""
        return self.n < self.total

    @property
    def before(self) -> float:
        """Share of the set that was right; an estimate where a part was asked, as `after` and `points`."""
        return self.estimates[0] if self.estimates else self.right_before / self.n if self.n else 0.0

    @property
    def after(self) -> float:
        return self.estimates[1] if self.estimates else self.right_after / self.n if self.n else 0.0

    @property
    def points(self) -> float:
        if self.estimates:
            return self.estimates[2]
        return (self.right_after - self.right_before) / self.n if self.n else 0.0

    @property
    def wrong_before(self) -> int:
        return self.n - self.right_before

    @property
    def half_width(self) -> float | None:
        """Half of the interval's width: smaller changes than this are hardly seen."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Accuracy:
    """How many questions of a set were right after a round, of those asked."""

    right: int
    n: int
    low: float | None = None
    high: float | None = None
    total: int = 0
    """Questions of the set; 0 in summaries that knew no other than all."""
    estimate: float | None = None
    """The share of all of them, where not all were asked."""

    @property
    def share(self) -> float:
        if self.estimate is not None:
            return self.estimate
        return self.right / self.n if self.n else 0.0


class Turn:
    """One finished round, as the summary tells it."""

    def __init__(self, data: Mapping[str, Any], record: Round) -> None:
        self.data = data
        self.record = record
        self.number = int(data["round"])

    def get(self, name: str) -> Any:
        """A part of the summary, or None where this run has none."""
        return self.data.get(name)

    @cached_property
    def changes(self) -> dict[str, Change]:
        """Against the starting model, by set, those with questions only."""
        tested = self.get("changes") or {}
        found = {name: Change.of(name, counts, tested.get(name, {})) for name, counts in _outcomes(self.data).items()}
        return {name: change for name, change in found.items() if change.n}

    @property
    def asked(self) -> tuple[int, int] | None:
        """How many questions were asked after the round, and of how many, where these were not all."""
        asked = self.get("asked") or {}
        return (int(asked["n"]), int(asked["total"])) if asked and asked["n"] < asked["total"] else None

    @property
    def general(self) -> dict[str, Change]:
        return {name: change for name, change in self.changes.items() if name.startswith(GENERAL)}

    @property
    def gate(self) -> Mapping[str, Any] | None:
        gate = self.get("gate")
        return gate if isinstance(gate, Mapping) and "accepted" in gate else None

    @property
    def perplexity(self) -> tuple[float, float] | None:
        """On neutral text, of the starting model and of this round's; None where it was not measured."""
        found = self.get("neutral")
        if not found or not found.get("perplexity_before") or found.get("perplexity_after") is None:
            return None
        return float(found["perplexity_before"]), float(found["perplexity_after"])

    @cached_property
    def arms(self) -> dict[str, Mapping[str, Any]]:
        """Control arms by name, without repeats of the round with other seeds."""
        given = self.get("arms") or {}
        known = [name for name in ARMS if name in given]
        return {name: given[name] for name in (*known, *(set(given) - set(known))) if not name.startswith("seed-")}

    @property
    def repeats(self) -> dict[str, Mapping[str, Any]]:
        return {name: arm for name, arm in (self.get("arms") or {}).items() if name.startswith("seed-")}

    def against(self, arm: str) -> dict[str, Change]:
        """How this round differs from its arm, by set."""
        given = self.arms.get(arm, {}).get("against") or {}
        found = {name: Change.of(name, counts) for name, counts in given.items()}
        return {name: change for name, change in found.items() if change.n}


class Facts:
    """All that the summary says, and the run that it is of."""

    def __init__(self, run: Run, summary: Mapping[str, Any]) -> None:
        self.run = run
        self.summary = summary
        self.turns = [Turn(data, run.round(int(data["round"]))) for data in summary["rounds"]]

    @property
    def shipped(self) -> int:
        """The last accepted round, 0 for the starting model."""
        number = self.summary.get("shipped")
        return int(number) if number is not None else len(self.turns)

    @property
    def focus(self) -> Turn | None:
        """The round that the verdict is about: the one to be shipped, or else the last one."""
        if not self.turns:
            return None
        return self.turns[self.shipped - 1] if 1 <= self.shipped <= len(self.turns) else self.turns[-1]

    @property
    def lineage(self) -> list[Turn]:
        """The rounds that made the focus round's model, first to last: a rejected round is no parent."""
        found: list[Turn] = []
        turn = self.focus
        while turn:
            found.insert(0, turn)
            base = int(turn.gate.get("base", turn.number - 1)) if turn.gate else turn.number - 1
            turn = self.turns[base - 1] if 1 <= base < turn.number else None
        return found

    @cached_property
    def accuracy(self) -> list[tuple[int, dict[str, Accuracy]]]:
        """After every round, from the starting model's 0 on, by set."""
        given = self.summary.get("accuracy")
        if given:
            return [(number, _accuracies(row)) for number, row in enumerate(given)]
        counted = [
            (turn.number, {name: Accuracy(change.right_after, change.n) for name, change in turn.changes.items()})
            for turn in self.turns
        ]
        if self.turns:
            first = self.turns[-1].changes.items()
            counted.insert(0, (0, {name: Accuracy(change.right_before, change.n) for name, change in first}))
        return counted


def in_order(names: Mapping[str, Any]) -> list[str]:
    """Names of sets, the core's own first, then general tasks."""
    return [name for name in SETS if name in names] + [name for name in names if name not in SETS]


def _outcomes(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    own = {name: data[name] for name in SETS if isinstance(data.get(name), Mapping)}
    return own | {GENERAL + task: counts for task, counts in (data.get("general") or {}).items()}


def _accuracies(row: Mapping[str, Mapping[str, Any]]) -> dict[str, Accuracy]:
    return {
        name: Accuracy(
            int(found["right"]),
            int(found["n"]),
            found.get("low"),
            found.get("high"),
            int(found.get("total", 0)),
            found.get("share") if found["n"] < found.get("total", 0) else None,
        )
        for name, found in row.items()
        if found["n"]
    }
