"""Compares runs: what differs in configuration, and in results on the questions that all of them asked."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cem_toolkit.damage import require_whole
from cem_toolkit.differences import Difference, differences
from cem_toolkit.errors import CemError
from cem_toolkit.ledger import shipped_round
from cem_toolkit.ledger.entries import Key
from cem_toolkit.ledger.reading import attempts_of, reviewed_questions
from cem_toolkit.outcomes import SETS, STOPPING, Pairs, set_name
from cem_toolkit.plain import brief
from cem_toolkit.run import Run

if TYPE_CHECKING:
    from cem_toolkit.stats import Change

SPLIT_DIFFERS = "split differs"


@dataclass(frozen=True)
class Comparison:
    """Several runs, each against the first."""

    runs: tuple[dict[str, Any], ...]
    """Of each `run`, `folder`, `shipped` (the last accepted round), `model` (its fingerprint) and `questions`, and `of`
    how many these are where the shipped model was not asked all."""
    differences: tuple[Difference, ...]
    common: int
    """Questions that all runs asked, with the same key."""
    changes: "tuple[dict[str, Change], ...]"
    """Of every run but the first, by set: the first run's shipped model is `before`, this run's is `after`.
    `p_adjusted` and `verdict` are by Holm's method over all of them together."""
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-safe."""
        results = [
            {"run": run["run"], "sets": {name: _counts(change) for name, change in changes.items()}}
            for run, changes in zip(self.runs[1:], self.changes, strict=True)
        ]
        return {
            "runs": list(self.runs),
            "differences": [{"name": each.name, "values": list(each.values)} for each in self.differences],
            "common": self.common,
            "results": results,
            "notes": list(self.notes),
        }


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Two or more runs, paired per question by task and id.

    A question is counted in its split's set, or as `reviewed` where any of the runs trained on its own pair; one whose
    split is not the same in all runs is counted apart as `split differs`, and one whose key is not the same is left
    out. Raises CemError where a run has no results or the runs have no question in common.
    """
    results = [_read(run) for run in runs]
    shared = [key for key in results[0].asked if all(key in result.asked for result in results[1:])]
    common = [key for key in shared if len({result.asked[key].gold for result in results}) == 1]
    if not common:
        raise CemError(_nothing_common(runs, results, bool(shared)))
    names = {key: _set_of(key, results) for key in common}
    notes = [f"{run.name} is not finished" for run in runs if not run.finished]
    notes += _notes(Counter(names.values()), len(shared) - len(common), len(common), results)
    return Comparison(
        runs=tuple(result.told for result in results),
        differences=tuple(differences(runs)),
        common=len(common),
        changes=_changes(results, names),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What counts of a question in one run."""

    correct: bool
    split: str
    group: str
    gold: str


@dataclass(frozen=True, slots=True)
class _Results:
    told: dict[str, Any]
    asked: dict[Key, _Asked]
    reviewed: frozenset[str]


def _read(run: Run) -> _Results:
    """Results of the last accepted round. Questions by which training was stopped are no results."""
    require_whole(run)
    shipped = shipped_round(run)
    train = run.round(shipped).stage("train")
    model = train.figures.get("fingerprint") if train else run.plan.get("model_fingerprint")
    asked = {
        (attempt.task, attempt.id): _Asked(attempt.correct, attempt.split, attempt.group, attempt.gold)
        for attempt in attempts_of(run.round(shipped))
        if attempt.split != STOPPING
    }
    told = {"run": run.name, "folder": str(run.folder), "shipped": shipped, "model": model, "questions": len(asked)}
    evaluated = run.round(shipped).stage("evaluate")
    if evaluated and "of" in evaluated.figures:
        told["of"] = evaluated.figures["of"]
    return _Results(told, asked, reviewed_questions(run, shipped))


def _set_of(key: Key, results: Sequence[_Results]) -> str:
    splits = {result.asked[key].split for result in results}
    if len(splits) > 1:
        return SPLIT_DIFFERS
    task, question = key
    reviewed = {question} if any(question in result.reviewed for result in results) else set[str]()
    return set_name(task, question, splits.pop(), reviewed)


def _changes(results: Sequence[_Results], names: Mapping[Key, str]) -> "tuple[dict[str, Change], ...]":
    from cem_toolkit.stats import adjusted, compare

    family: dict[str, Change] = {}
    for place, result in enumerate(results[1:]):
        sets: dict[str, Pairs] = {}
        for key, name in names.items():
            found = sets.setdefault(name, Pairs())
            found.pairs.append((results[0].asked[key].correct, result.asked[key].correct))
            found.groups.append(results[0].asked[key].group)
        for name in sorted(sets, key=_order):
            family[f"{place} {name}"] = compare(sets[name].pairs, sets[name].groups)
    told: tuple[dict[str, Change], ...] = tuple({} for _ in results[1:])
    for name, change in adjusted(family).items():
        index, _, of = name.partition(" ")
        told[int(index)][of] = change
    return told


def _order(name: str) -> tuple[int, str]:
    """The sets as everywhere, then general tasks, then what can hardly be compared."""
    if name == SPLIT_DIFFERS:
        return len(SETS) + 1, name
    return (SETS.index(name) if name in SETS else len(SETS)), name


def _counts(change: "Change") -> dict[str, Any]:
    both = change.right_before - change.broken
    return {
        "right_both": both,
        "right_first_only": change.broken,
        "right_second_only": change.fixed,
        "right_neither": change.n - both - change.broken - change.fixed,
        **asdict(change),
    }


def _notes(sets: Mapping[str, int], rekeyed: int, common: int, results: Sequence[_Results]) -> Iterator[str]:
    if count := sets.get(SPLIT_DIFFERS):
        yield (
            f"{count:,} questions have another split in one run than in another: what one mined and another held out "
            "cannot be compared as held out"
        )
    if rekeyed:
        yield f"{rekeyed:,} questions have another right answer in one run than in another, and are left out"
    for result in results:
        if "of" in result.told:
            yield (
                f"{result.told['run']}: its shipped model was asked {result.told['questions']:,} of "
                f"{result.told['of']:,} questions, chosen by what it was trained on (retest); the figures are of the "
                "questions asked, and neither run's on all of them"
            )
        if result.told["questions"] > common + rekeyed:
            yield f"{result.told['run']}: {result.told['questions'] - common - rekeyed:,} questions are not in all runs"


def _nothing_common(runs: Sequence[Run], results: Sequence[_Results], rekeyed: bool) -> str:
    names = ", ".join(brief(run.name, 60) for run in runs)
    if rekeyed:
        return f"{names}: all questions in common have another right answer in one run than in another"
    tasks = [sorted({task for task, _ in result.asked}) for result in results]
    told = "; ".join(
        f"{brief(run.name, 60)} asks {brief(', '.join(of), 80)}" for run, of in zip(runs, tasks, strict=True)
    )
    return f"{names}: have no question in common ({told}); compare runs of the same tasks"
