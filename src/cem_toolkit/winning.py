"""Which of a sweep's settings did best, and whether that is more than chance.

Settings are ranked by the selection questions alone, which the gate looks at and no reported figure: so what is said of
held-out questions and siblings stays unseen by the choice.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from cem_toolkit.errors import CemError
from cem_toolkit.ledger import shipped_round
from cem_toolkit.ledger.reading import attempts_of
from cem_toolkit.outcomes import SETS, STOPPING, set_name
from cem_toolkit.run import Run

if TYPE_CHECKING:
    from cem_toolkit.stats import Change

SELECTION = "selection"
SEED = "seed"


@dataclass(frozen=True)
class Cell:
    """One run of a sweep."""

    values: Mapping[str, Any]
    """Of the axes, by name."""
    run: Run


@dataclass(frozen=True)
class Setting:
    """The runs that differ in the seed alone."""

    values: Mapping[str, Any]
    """Of the axes but the seed."""
    runs: tuple[Run, ...]
    right: Mapping[str, tuple[float, ...]]
    """By set, the share of right answers of the shipped model, one for each run."""
    change: "Change | None" = None
    """Against the best setting (`before`), on selection questions; `p_adjusted` by Holm's method over the settings.
    None of the best one."""
    noise: float | None = None
    """By how much, with probability 0.95, the mean over so many seeds differs between two settings of which neither is
    better; None for one seed."""
    verdict: str = ""
    """`best`, `worse` or `within noise`."""

    def to_json(self) -> dict[str, Any]:
        """JSON-safe."""
        return {
            "values": dict(self.values),
            "runs": [run.name for run in self.runs],
            "right": {name: list(shares) for name, shares in self.right.items()},
            "change": asdict(self.change) if self.change else None,
            "noise": self.noise,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Sweep:
    """What came of a grid of runs, the best setting first."""

    settings: tuple[Setting, ...]
    notes: tuple[str, ...]

    @property
    def best(self) -> Setting:
        """That of the most right answers on selection questions."""
        return self.settings[0]

    @property
    def runs(self) -> list[Run]:
        """All runs, those of the best setting first."""
        return [run for setting in self.settings for run in setting.runs]

    def to_json(self) -> dict[str, Any]:
        """JSON-safe."""
        return {"settings": [setting.to_json() for setting in self.settings], "notes": list(self.notes)}


class _Read:
    """A run's answers, read once, of which only what is compared is kept."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.selection: dict[tuple[str, str], tuple[bool, str]] = {}
        """Of every selection question whether the answer was right, and its group."""
        weights: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for attempt in attempts_of(cell.run.round(shipped_round(cell.run))):
            if attempt.split != STOPPING:
                name = set_name(attempt.task, attempt.id, attempt.split, ())
                weights[name].append((attempt.weight, attempt.correct))
            if attempt.split == SELECTION:
                self.selection[attempt.task, attempt.id] = attempt.correct, attempt.group or attempt.id
        names = sorted(weights, key=lambda name: (SETS.index(name) if name in SETS else len(SETS), name))
        self.right = {
            name: sum(weight * right for weight, right in weights[name]) / sum(weight for weight, _ in weights[name])
            for name in names
        }
        """The share of right answers by set; of a set that was asked in part an estimate."""


def compare_cells(cells: Sequence[Cell]) -> Sweep:
    """The settings of `cells`, the best first, each compared with that one.

    A setting is called worse where its answers to selection questions are (paired by question and seed, by groups,
    Holm's method over the settings), and, where there are several seeds, the means differ by more than the seeds do.
    Raises CemError where a run has no results, or asked other questions than the others.
    """
    from cem_toolkit.stats import adjusted, compare

    by_setting: dict[str, list[_Read]] = defaultdict(list)
    for cell in cells:
        by_setting[repr(sorted(_but_seed(cell.values).items()))].append(_Read(cell))
    ranked = sorted(by_setting.values(), key=_score, reverse=True)
    best, others = ranked[0], ranked[1:]
    asked = best[0].selection.keys()
    if not asked or any(read.selection.keys() != asked for reads in ranked for read in reads):
        raise CemError("the runs have no selection questions in common to be ranked by: leave split and tasks alike")
    changes = {
        str(place): compare([pair for pair, _ in pairs], [group for _, group in pairs])
        for place, pairs in enumerate(list(_pairs(best, reads)) for reads in others)
    }
    settings = [_setting(best, None, best)]
    settings += [
        _setting(reads, change, best) for reads, change in zip(others, adjusted(changes).values(), strict=True)
    ]
    return Sweep(tuple(settings), tuple(_notes(settings, len(best[0].selection))))


def _but_seed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Where nothing but the seed is swept, seeds are what is compared."""
    others = {name: value for name, value in values.items() if name != SEED}
    return others or dict(values)


def _score(reads: Sequence[_Read]) -> tuple[float, float]:
    """Selection questions first, then general tasks."""
    general = [share for read in reads for name, share in read.right.items() if name not in SETS]
    return fmean(read.right.get(SELECTION, 0.0) for read in reads), fmean(general) if general else 0.0


def _pairs(best: Sequence[_Read], reads: Sequence[_Read]) -> Iterator[tuple[tuple[bool, bool], str]]:
    """Of every selection question (right by the best, right by the other) and its group, seed by seed."""
    for one, other in zip(best, reads, strict=True):
        for key, (right, group) in one.selection.items():
            yield (right, other.selection[key][0]), group


def _setting(reads: Sequence[_Read], change: "Change | None", best: Sequence[_Read]) -> Setting:
    from cem_toolkit.stats import noise_floor

    floors = [noise_floor([read.right[SELECTION] for read in each]) for each in (best, reads)]
    noise = max((floor.half_width / floor.n**0.5 for floor in floors if floor), default=None)
    worse = change is not None and change.verdict == "worse" and -change.points > (noise or 0.0)
    return Setting(
        values=_but_seed(reads[0].cell.values),
        runs=tuple(read.cell.run for read in reads),
        right={name: tuple(read.right[name] for read in reads) for name in reads[0].right},
        change=change,
        noise=noise,
        verdict="best" if change is None else "worse" if worse else "within noise",
    )


def _notes(settings: Sequence[Setting], questions: int) -> Iterator[str]:
    yield f"ranked by {questions:,} selection questions, which no reported figure is of"
    if len(settings[0].runs) == 1:
        yield "one run of each setting: how much two trainings of one setting differ is not known (--over seed=0,1,2)"
    for setting in settings:
        for run in setting.runs:
            if not shipped_round(run):
                yield f"{run.name}: its gate accepted no round, so what is compared is the starting model"
