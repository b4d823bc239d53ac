"""What became of the questions: counts against the run's starting model, numerators and denominators alike."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cem_toolkit.records import Attempt


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


def summarise(before: Sequence[Attempt], after: Sequence[Attempt], reviewed: Collection[str]) -> dict[str, Any]:
    """Outcomes by split, JSON-safe.

    `reviewed` are the ids of questions whose own answer pair was trained on in any round so far; they are counted
    apart, never as mined. `general` holds an outcome by task.
    """
    first = {(attempt.task, attempt.id): attempt for attempt in before}
    sets: dict[str, list[tuple[bool, bool]]] = {"mined": [], "held_out": [], "siblings": [], "reviewed": []}
    general: dict[str, list[tuple[bool, bool]]] = {}
    for now in after:
        then = first.get((now.task, now.id))
        if then is None:
            continue
        pair = (then.correct, now.correct)
        if now.id in reviewed:
            sets["reviewed"].append(pair)
        elif now.split == "general":
            general.setdefault(now.task, []).append(pair)
        else:
            sets["siblings" if now.split == "sibling" else now.split].append(pair)
    outcomes: Mapping[str, Any] = {name: asdict(Outcome.of(pairs)) for name, pairs in sets.items()}
    return {**outcomes, "general": {task: asdict(Outcome.of(pairs)) for task, pairs in general.items()}}
