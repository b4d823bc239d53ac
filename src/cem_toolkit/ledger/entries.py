"""What the ledger says of one question."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

from cem_toolkit.leaks import Drop
from cem_toolkit.records import MistakeKind, RowKind, Split

Key = tuple[str, str]
"""A question's task and id: the same question may stand in several tasks."""

Status = Literal["", "kept right", "still wrong", "fixed", "broken"]
"""The starting model's answer against the shipped one's; "" where the shipped model was not asked."""

LessonStatus = Literal["", "not looked up", "never retrieved", "dropped as leak", "retrieved, not trained", "trained"]
"""How far a mistake came, from least to furthest; "" where there was none, or none that may steer the run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model of one round answered; round 0's is the starting model."""

    round: int
    answer: str
    correct: bool
    margin: float
    """In nats: score of the right choice less that of the best other; 0 where there are none to compare."""


@dataclass(frozen=True, slots=True)
class PassageRef:
    """A passage that was found for a mistake and passed the leak guard."""

    id: str
    title: str
    source: str
    url: str
    flips: bool | None
    """Whether the model answered rightly with the passage before the question; None where it was not tested."""
    rank: int
    """Among the passages found for the mistake; 0 is the best. Scores are compared within a source only: the best of
    each come first, then the second best."""


@dataclass(frozen=True, slots=True)
class RowRef:
    """A training row that came of a mistake."""

    id: str
    kind: RowKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one round did about one mistake."""

    round: int
    mistake_id: str
    kind: MistakeKind
    evidence: tuple[str, ...]
    agreement: float | None
    queries: tuple[str, ...]
    passages: tuple[PassageRef, ...]
    """Best first."""
    rows: tuple[RowRef, ...]
    """Those whose parents name the mistake, its question or a passage found for it."""
    drops: tuple[Drop, ...]
    """Passages found for the mistake that the leak guard dropped, and rows dropped because they hold its question."""

    @property
    def status(self) -> LessonStatus:
        if self.rows:
            return "trained"
        if self.passages:
            return "retrieved, not trained"
        return "dropped as leak" if any(drop.stage != "mix" for drop in self.drops) else "never retrieved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One question's history. `(task, id)` is unique within a run."""

    id: str
    task: str
    split: Split
    group: str
    question: str
    choices: tuple[str, ...]
    gold: str
    answers: tuple[Answer, ...]
    """One of each evaluated round in which the question was asked, from round 0 on."""
    lessons: tuple[Lesson, ...]
    """One of each round in which it was looked up as a mistake."""
    path: str
    """Of each evaluated round a character: 1 right, 0 wrong, - not asked."""
    status: Status
    lesson_status: LessonStatus
    """Of the lesson that came furthest; "not looked up" where the miner left the mistake out in every round."""
    reviewed: bool
    """Whether the question's own answer pair was trained on in a round that the shipped model came of."""

    def to_json(self) -> dict[str, Any]:
        """JSON-safe; a lesson has its `status` too. Numbers that JSON lacks (NaN, infinity) become None."""
        data: dict[str, Any] = _json(self)
        for lesson, written in zip(self.lessons, data["lessons"], strict=True):
            written["status"] = lesson.status
        return data


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value):  # by hand, for dataclasses.asdict copies every leaf: many times as slow
        return {field.name: _json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
