"""What runs of one arm fixed and broke, over all seeds, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any

import numpy as np

from cem_toolkit.outcomes import paired
from cem_toolkit.run import Arm, Run
from cem_toolkit.summary import mistakes_told

DRAWS = 2000
Counted = tuple[str, bool, bool]
"""A question's group, and whether it was right before and is right now."""


@dataclass
class Tally:
    """Questions by what is told of them. `mistakes` are all of them, their own pairs trained on or not; `told`
    are those whose answer stands in a row about them that the run itself trained on, whatever its control arm did;
    `knowledge, …` the ones of these that lack it.
    `unreviewed` are mined, siblings and held out together; the others are the run's sets of questions."""

    questions: dict[str, list[Counted]] = field(default_factory=dict)
    seeds: int = 0
    tokens: int = 0
    seconds: float = 0.0
    perplexity: list[tuple[float, float]] = field(default_factory=list)

    def add(self, run: Run, arm: str | None) -> None:
        """Counts a run's first round, or its control arm."""
        turn = run.rounds[0]
        trained = next(each for each in turn.arms if each.name == arm) if arm else turn
        own = {question for row in trained.rows for question in row.own_pairs}
        for name, found in paired(run.start.answers, trained.answers, own).items():
            groups = (group or f"{name} {place}" for place, group in enumerate(found.groups))
            counted = [(group, *pair) for group, pair in zip(groups, found.pairs, strict=True)]
            for label in (name, "unreviewed") if name in ("mined", "siblings", "held_out") else (name,):
                self.questions.setdefault(label, []).extend(counted)
        where = mistakes_told(turn, run.start)
        for mistake in turn.mistakes:
            now = trained.answers[mistake.task, mistake.attempt_id]
            sets = ["mistakes", "told" if where[mistake.id] == "trained" else "not told"]
            if mistake.kind == "knowledge":
                sets += [f"knowledge, {each}" for each in sets[1:]]
            for name in sets:
                self.questions.setdefault(name, []).append((now.group or mistake.id, False, now.correct))
        self.seeds += 1
        train, mix = trained.stage("train"), trained.stage("mix")
        self.seconds += train.seconds if train else 0
        self.tokens += mix.figures["tokens"] if mix else 0
        self.perplexity.append((perplexity(run.start), perplexity(trained)))

    def to_json(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "tokens_a_pass": round(self.tokens / self.seeds),
            "training_seconds": round(self.seconds / self.seeds, 1),
            "perplexity": [round(float(np.mean(each)), 2) for each in zip(*self.perplexity, strict=True)],
            "sets": {name: _rates(counted) for name, counted in self.questions.items() if counted},
        }


def perplexity(arm: Arm) -> float:
    """Of neutral text, a token. Raises ValueError where it was not measured."""
    stage = arm.stage("evaluate")
    if stage is None or not stage.figures.get("neutral"):
        raise ValueError(f"{arm.name}: no perplexity was measured")
    neutral = stage.figures["neutral"]
    return exp(-neutral["nats"] / neutral["tokens"])


def _rates(counted: Sequence[Counted]) -> dict[str, Any]:
    """Fix and break rate and the change in points, each with a 95 % interval: groups of questions are drawn again, all
    seeds' answers to a group together (percentile bootstrap, seed 0)."""
    groups = sorted({group for group, _, _ in counted})
    place = {group: number for number, group in enumerate(groups)}
    sums = np.zeros((len(groups), 4))  # wrong, fixed, right, broken
    for group, before, now in counted:
        sums[place[group]] += (not before, not before and now, before, before and not now)
    drawn = np.random.default_rng(0).integers(len(groups), size=(DRAWS, len(groups)))
    wrong, fixed, right, broken = np.moveaxis(sums[drawn].sum(1), 1, 0)
    totals = [int(total) for total in sums.sum(0)]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = {
            "fix_rate": fixed / wrong,
            "break_rate": broken / right,
            "points": 100 * (fixed - broken) / (wrong + right),
        }
    told = {
        "fix_rate": totals[1] / totals[0] if totals[0] else None,
        "break_rate": totals[3] / totals[2] if totals[2] else None,
        "points": 100 * (totals[1] - totals[3]) / (totals[0] + totals[2]),
    }
    return {
        **dict(zip(("wrong", "fixed", "right", "broken"), totals, strict=True)),
        **{
            name: None if value is None else [round(float(each), 4) for each in (value, *_interval(spread[name]))]
            for name, value in told.items()
        },
    }


def _interval(values: "np.ndarray[Any, np.dtype[np.float64]]") -> tuple[float, float]:
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return float(low), float(high)


def table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """The study's figures in Markdown."""
    lines = []
    for name, arms in sets.items():
        lines += [
            f"**{name}**",
            "",
            "| arm | fixed of all | of those told | of those not told | broken | mined, points "
            "| siblings, points | held out, points | perplexity |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for arm, figures in arms.items():
            of = figures["sets"]
            cells = [
                _rate(of.get("mistakes"), "fix_rate"),
                _rate(of.get("told"), "fix_rate"),
                _rate(of.get("not told"), "fix_rate"),
                _rate(of.get("unreviewed"), "break_rate"),
                *(_points(of.get(key)) for key in ("mined", "siblings", "held_out")),
                " → ".join(f"{value:.1f}" for value in figures["perplexity"]),
            ]
            lines.append(f"| {named(arm, figures)} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def named(arm: str, figures: Mapping[str, Any]) -> str:
    """An arm, with its number of seeds where there are several."""
    return f"{arm} ({figures['seeds']} seeds)" if figures["seeds"] > 1 else arm


def _rate(figures: Mapping[str, Any] | None, name: str) -> str:
    if not figures or figures[name] is None:
        return "–"
    value, low, high = (100 * each for each in figures[name])
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"


def _points(figures: Mapping[str, Any] | None) -> str:
    """None where all that was wrong had its own pair trained on: what is left can only break."""
    if not figures or not figures["wrong"]:
        return "–"
    return _spread(figures["points"])


def forms_table(ways: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures of `direction.py` in Markdown."""
    lines = ["| the fact is | fixed | broken |", "|---|---|---|"]
    for way, figures in ways.items():
        cells = []
        for name in ("fixed", "broken"):
            of = figures[name]
            share, low, high = (100 * of[each] for each in ("share", "low", "high"))
            cells.append(f"{of['count']} of {of['of']}: {share:.0f} % ({low:.0f} to {high:.0f})")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def rounds_table(told: Mapping[str, Any]) -> str:
    """The figures of `rounds.py` in Markdown: of each set how many are right, and the points since the start."""
    rounds, last = told["rounds"], told["last against first"]
    heads = [f"round {turn['round']}{'' if turn['accepted'] else ' (not accepted)'}: points" for turn in rounds]
    lines = [
        f"| questions | right at the start | {' | '.join(heads)} | last against first, points |",
        "|---" * (len(rounds) + 3) + "|",
    ]
    for name, start in rounds[0]["against the start"].items():
        cells = [_cell(turn["against the start"][name]) for turn in rounds]
        label = f"{name.replace('_', ' ')} ({start['n']})"
        lines.append(f"| {label} | {start['right_before']} | {' | '.join(cells)} | {_spread(last[name]['points'])} |")
    cells = [f"{value:.1f}" for value in (told["perplexity of the start"], *(turn["perplexity"] for turn in rounds))]
    lines.append(f"| perplexity | {' | '.join(cells)} | |")
    return "\n".join(lines)


def _cell(change: Mapping[str, Any]) -> str:
    return f"{change['right_after']}: {_spread(change['points'])}"


def _spread(points: Sequence[float]) -> str:
    value, low, high = points
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
