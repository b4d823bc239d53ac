"""How often are intervals and verdicts wrong, and how small a gain do they find? Simulated outcomes of known truth.

    python benchmarks/paired_statistics.py [--outcomes N] [--out FILE]

Questions come alone or in groups whose chances of being fixed and broken differ from group to group (Dirichlet with an
intra-class correlation of 0.3); sizes of groups vary (1 + Poisson). Takes some minutes on one core.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom

from cem_toolkit.stats import ALPHA, Clusters, accuracy_interval, bootstrap, mcnemar, sign_flip

CORRELATION = 0.3
ALONE = 1
"""The mean size of groups where every question stands alone."""
DRAWS = 2000


@dataclass(frozen=True)
class Truth:
    n: int
    """Questions."""
    size: int
    """Questions a group on average."""
    fixed: float
    """The probability that a question goes from wrong to right."""
    broken: float

    @property
    def change(self) -> float:
        return self.fixed - self.broken

    def draw(self, rng: np.random.Generator) -> Clusters:
        truth = np.array([self.fixed, self.broken, 1 - self.fixed - self.broken])
        if self.size == ALONE:
            fixed, broken, stayed = (int(count) for count in rng.multinomial(self.n, truth))
            return Counter({(1, 0, 1): fixed, (0, 1, 1): broken, (0, 0, 1): stayed})
        ends = np.cumsum(1 + rng.poisson(self.size - 1, self.n))
        sizes = np.diff([0, *ends[ends < self.n], self.n])
        chances = rng.dirichlet(truth * (1 / CORRELATION - 1), len(sizes))
        moved = rng.multinomial(sizes, chances)[:, :2]
        return Counter(zip(moved[:, 0].tolist(), moved[:, 1].tolist(), sizes.tolist(), strict=True))


def percentile(clusters: Clusters, rng: np.random.Generator) -> tuple[float, float]:
    """The plain percentile bootstrap, which we do not use, at 95 %."""
    kinds = np.array(list(clusters), float)
    counts = np.array(list(clusters.values()), float)
    drawn = rng.multinomial(int(counts.sum()), counts / counts.sum(), size=DRAWS)
    changes = drawn @ (kinds[:, 0] - kinds[:, 1]) / (drawn @ kinds[:, 2])
    return float(np.quantile(changes, 0.025)), float(np.quantile(changes, 0.975))


def counted(clusters: Clusters) -> tuple[int, int]:
    fixed = sum(one * count for (one, _, _), count in clusters.items())
    return fixed, sum(one * count for (_, one, _), count in clusters.items())


def coverage(truth: Truth, outcomes: int, rng: np.random.Generator) -> dict[str, Any]:
    """Shares of simulated outcomes whose interval holds the truth, and how wide intervals are (in points of 100)."""
    hits = plain_hits = agree = 0
    width = plain_width = 0.0
    for _ in range(outcomes):
        clusters = +truth.draw(rng)
        interval = bootstrap(clusters, draws=DRAWS)
        low, high = percentile(clusters, rng)
        hits += interval.low <= truth.change <= interval.high
        plain_hits += low <= truth.change <= high
        width += interval.high - interval.low
        plain_width += high - low
        agree += (sign_flip(clusters) <= ALPHA) == (interval.low > 0 or interval.high < 0)
    return {
        "questions": truth.n,
        "group_size": truth.size,
        "fixed": truth.fixed,
        "broken": truth.broken,
        "coverage": round(hits / outcomes, 4),
        "coverage_plain_percentile": round(plain_hits / outcomes, 4),
        "mean_width_points": round(100 * width / outcomes, 1),
        "mean_width_points_plain_percentile": round(100 * plain_width / outcomes, 1),
        "interval_and_verdict_agree": round(agree / outcomes, 4),
    }


def found(truth: Truth, outcomes: int, rng: np.random.Generator) -> tuple[float, float]:
    """Shares of outcomes that are called a change, by our p and by McNemar's."""
    drawn = [truth.draw(rng) for _ in range(outcomes)]
    ours = sum(sign_flip(clusters) <= ALPHA for clusters in drawn)
    return ours / outcomes, sum(mcnemar(*counted(clusters)) <= ALPHA for clusters in drawn) / outcomes


def smallest_gain(n: int, size: int, churn: float, outcomes: int, rng: np.random.Generator) -> float | None:
    """The smallest gain in whole half points of 100 that is found with 80 % power, where `churn` of the questions are
    fixed and as many broken by chance besides."""
    low, high = 0, round(200 * (1 - 2 * churn))
    while high - low > 1:
        middle = (low + high) // 2
        truth = Truth(n, size, churn + middle / 200, churn)
        low, high = (low, middle) if found(truth, outcomes, rng)[0] >= 0.8 else (middle, high)
    return high / 2 if high < round(200 * (1 - 2 * churn)) else None


def accuracy_coverage(n: int) -> dict[str, Any]:
    """The least and the mean coverage of `accuracy_interval` over true accuracies; computed, not simulated."""
    intervals = [accuracy_interval(right, n) for right in range(n + 1)]
    shares = []
    for truth in np.linspace(0.005, 0.995, 199):
        covering = [right for right, each in enumerate(intervals) if each.low <= truth <= each.high]
        shares.append(float(binom.pmf(covering, n, truth).sum()))
    return {"questions": n, "least": round(min(shares), 4), "mean": round(float(np.mean(shares)), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--outcomes", type=int, default=2000, help="simulated outcomes for every figure of coverage")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "paired_statistics.json")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    grid = [(n, size) for n, size in product((50, 100, 300, 1000), (ALONE, 5, 10)) if n // size >= 10]
    moves = [(0.02, 0.02), (0.1, 0.1), (0.06, 0.02), (0.3, 0.05)]
    covered = [
        coverage(Truth(n, size, fixed, broken), args.outcomes, rng)
        for (n, size), (fixed, broken) in product(grid, moves)
    ]
    alarms = []
    for (n, size), churn in product(grid, (0.02, 0.05, 0.1)):
        ours, theirs = found(Truth(n, size, churn, churn), 5 * args.outcomes, rng)
        alarms.append(
            {"questions": n, "group_size": size, "fixed": churn, "broken": churn, "called": ours, "mcnemar": theirs}
        )
    gains = [
        {
            "questions": n,
            "group_size": size,
            "churn": churn,
            "points": smallest_gain(n, size, churn, args.outcomes, rng),
        }
        for n, size, churn in product((100, 300, 1000, 3000), (ALONE, 5), (0.02, 0.05, 0.1))
    ]
    report = {
        "level": 0.95,
        "alpha": ALPHA,
        "outcomes": args.outcomes,
        "outcomes_for_false_alarms": 5 * args.outcomes,
        "bootstrap_draws": DRAWS,
        "correlation_within_groups": CORRELATION,
        "versions": {name: version(name) for name in ("numpy", "scipy")},
        "coverage_of_change": covered,
        "false_alarms": alarms,
        "smallest_gain_with_80_percent_power": gains,
        "coverage_of_accuracy": [accuracy_coverage(n) for n in (20, 50, 100, 300, 1000)],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
