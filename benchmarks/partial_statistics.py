"""How often are estimates wrong that rest on a part of the questions? Simulated outcomes of known truth.

    python benchmarks/partial_statistics.py [--outcomes N] [--out FILE]

Questions come alone or in groups whose chances differ (Dirichlet with an intra-class correlation of 0.3). Of the
questions that were wrong a half is taught, which fixes some; taught questions and all of their groups are asked again,
and of the rest a share. Takes some minutes on one core.
"""

import argparse
import json
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from cem_toolkit.outcomes import Pairs
from cem_toolkit.stats import ALPHA, cluster, sign_flip
from cem_toolkit.stratified import accuracy, compare_set

CORRELATION = 0.3
TAUGHT = 0.5
"""Share of the wrong questions that is trained on."""


@dataclass(frozen=True)
class Truth:
    n: int
    """Questions."""
    size: int
    """Questions a group; 1: each alone."""
    fixed: float
    """The probability that a question goes from wrong to right by itself."""
    broken: float
    wrong: float
    """The probability that it is wrong and stays so, unless it is taught."""
    effect: float
    """The probability that teaching such a question fixes it."""

    @property
    def change(self) -> float:
        return self.fixed + TAUGHT * self.effect * self.wrong - self.broken

    @property
    def accuracy(self) -> float:
        return 1 - self.broken - self.wrong + TAUGHT * self.effect * self.wrong

    def draw(self, part: float, rng: np.random.Generator) -> tuple[Pairs, float]:
        """What a test of all touched questions and of `part` of the rest finds, and the change that a full test
        finds."""
        chances = np.array([self.fixed, self.broken, self.wrong, 1 - self.fixed - self.broken - self.wrong])
        count = self.n // self.size
        each = rng.dirichlet(chances * (1 / CORRELATION - 1), count) if self.size > 1 else np.tile(chances, (count, 1))
        kinds = (rng.random((count, self.size, 1)) > np.cumsum(each, axis=1)[:, np.newaxis, :-1]).sum(axis=2)
        taught = np.isin(kinds, (0, 2)) & (rng.random(kinds.shape) < TAUGHT)
        before = np.isin(kinds, (1, 3))
        after = np.isin(kinds, (0, 3)) | (taught & (kinds == 2) & (rng.random(kinds.shape) < self.effect))
        touched = np.repeat(taught.any(axis=1), self.size)
        rest = np.flatnonzero(~touched)
        drawn = rng.choice(rest, ceil(len(rest) * part), replace=False)
        asked = np.concatenate([np.flatnonzero(touched), drawn])
        before, after = before.ravel(), after.ravel()
        groups = [str(place // self.size) if self.size > 1 else "" for place in asked]
        found = Pairs(
            pairs=[(bool(before[place]), bool(after[place])) for place in asked],
            groups=groups,
            drawn=[not touched[place] and len(drawn) < len(rest) for place in asked],
            total=self.n,
            squares=self.n * self.size,
            known=int(before.sum()),
        )
        return found, float(after.mean() - before.mean())


def coverage(truth: Truth, part: float, outcomes: int, rng: np.random.Generator) -> dict[str, Any]:
    """Shares of simulated outcomes whose intervals hold the truth, and how often a change is called."""
    change = right = full = called = naive = 0
    width = asked = 0.0
    for _ in range(outcomes):
        found, whole = truth.draw(part, rng)
        result, share = compare_set(found), accuracy(found)
        change += result.low <= truth.change <= result.high
        full += result.low <= whole <= result.high
        right += share.low <= truth.accuracy <= share.high
        called += result.p <= ALPHA
        naive += sign_flip(cluster(found.pairs, found.groups)) <= ALPHA
        width += result.high - result.low
        asked += found.asked / found.total
    return {
        "questions": truth.n,
        "group_size": truth.size,
        "rest": part,
        "true_change": round(truth.change, 4),
        "asked": round(asked / outcomes, 3),
        "coverage_of_change": round(change / outcomes, 4),
        "coverage_of_full_test": round(full / outcomes, 4),
        "coverage_of_accuracy": round(right / outcomes, 4),
        "mean_width_points": round(100 * width / outcomes, 1),
        "called": round(called / outcomes, 4),
        "called_by_the_asked_alone": round(naive / outcomes, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--outcomes", type=int, default=1000, help="simulated outcomes for every figure")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "partial_statistics.json")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = [
        coverage(Truth(n, size, 0.05, 0.05, 0.4, effect), part, args.outcomes, rng)
        for n, size, effect, part in product((100, 300, 1000), (1, 5), (0.0, 0.3), (0.1, 0.3, 0.6, 1.0))
    ]
    report = {
        "level": 0.95,
        "outcomes": args.outcomes,
        "correlation_within_groups": CORRELATION,
        "taught": TAUGHT,
        "fixed": 0.05,
        "broken": 0.05,
        "wrong": 0.4,
        "versions": {name: version(name) for name in ("numpy", "scipy")},
        "results": rows,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
