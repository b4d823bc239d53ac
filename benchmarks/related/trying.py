"""Variants of a method tried with several seeds, and what was published set beside what came out."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t

from cem_toolkit.machine import processor

RESULTS = Path(__file__).parents[1] / "results" / "related"
SEEDS, FIRST = 5, 10
"""Of a comparison: settings were chosen with the seeds below the first."""
PERPLEXITY = "perplexity"
"""What figures end in that are compared by their logarithms, in nats a token."""
Figures = Mapping[str, float]
Variants = Mapping[str, Callable[[int], Figures]]
"""By name what makes a variant's figures with a seed."""


@dataclass(frozen=True)
class Claim:
    """That one variant's figure is higher (or lower) than another's."""

    published: str
    """What was published, with its figures and where; what begins with "ours: " is a question of our own."""
    figure: str
    one: str
    other: str
    higher: bool = True
    """Whether `one` is published to be higher than `other`."""
    reason: str = ""
    """Where it is not reproduced, or cannot be tested at this size: the likely reason, said once it is known."""
    testable: bool = True


def arguments(about: str | None, name: str) -> argparse.Namespace:
    """--seeds, --first, --out and --only of a script of these."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first", type=int, default=FIRST, help="the first seed; settings were chosen with lower ones")
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.json")
    parser.add_argument("--only", help="variants to try, separated by commas; what else is in the file stays")
    return parser.parse_args()


def try_all(variants: Variants, claims: Sequence[Claim], given: argparse.Namespace, about: Mapping[str, Any]) -> None:
    """Tries each variant with each seed, in turn, so that what is done at any time is comparable, and writes the file
    after each try. Tries that are in the file already are kept: an interrupted script goes on where it was."""
    chosen = given.only.split(",") if given.only else list(variants)
    tried = _read(given.out, about)
    for seed in range(given.first, given.first + given.seeds):
        for name in chosen:
            if str(seed) not in tried.setdefault(name, {}):
                tried[name][str(seed)] = dict(variants[name](seed))
                _write(given.out, about, tried, claims)
                print(f"{name}, seed {seed}: {json.dumps(tried[name][str(seed)])}", flush=True)
    _write(given.out, about, tried, claims)
    print(table(json.loads(given.out.read_text(encoding="utf-8"))))


def table(report: Mapping[str, Any], left_out: Sequence[str] = ()) -> str:
    """Variants by figures, each a mean with its 95 % interval over seeds, and what was published beside it."""
    found = dict.fromkeys(name for found in report["variants"].values() for name in found)
    names = [name for name in found if name not in left_out]
    lines = [["variant", *names], ["---", *["--:"] * len(names)]]
    for variant, found in report["variants"].items():
        lines.append([variant, *(with_interval(found.get(name)) for name in names)])
    said = [["published", "here", "outcome"], ["---"] * 3]
    for claim in report["claims"]:
        said.append([claim["published"], claim["here"], claim["outcome"]])
    return "\n\n".join("\n".join(f"| {' | '.join(line)} |" for line in part) for part in (lines, said))


def with_interval(found: Mapping[str, Any] | None) -> str:
    """A mean with its interval, as `interval` gives them."""
    if found is None:
        return "–"
    if found["low"] is None:
        return _number(found["mean"])
    return f"{_number(found['mean'])} ({_number(found['low'])} to {_number(found['high'])})"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _read(path: Path, about: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    same = {name: found["about"].get(name) for name in about} == json.loads(json.dumps(about))
    return dict(found["tries"]) if same else {}


def _write(
    path: Path, about: Mapping[str, Any], tried: Mapping[str, Mapping[str, Figures]], claims: Sequence[Claim]
) -> None:
    report = {
        "about": dict(about),
        "processor": processor(),
        "variants": {name: _summary(list(seeds.values())) for name, seeds in tried.items() if seeds},
        "claims": [_outcome(claim, tried) for claim in claims],
        "tries": tried,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.rename(path)


def _summary(tries: Sequence[Figures]) -> dict[str, dict[str, Any]]:
    return {name: _mean(name, [each[name] for each in tries]) for name in tries[0]}


def _mean(name: str, values: Sequence[float]) -> dict[str, Any]:
    """Of perplexities the geometric mean: what is comparable are nats a token."""
    if not name.endswith(PERPLEXITY):
        return interval(values)
    found = interval(list(map(log, values)))
    return {key: value if key == "n" or value is None else exp(value) for key, value in found.items()}


def interval(values: Sequence[float]) -> dict[str, Any]:
    """The mean with Student's 95 % interval, which one value alone has not."""
    mean, count = fmean(values), len(values)
    half = float(t.ppf(0.975, count - 1)) * stdev(values) / sqrt(count) if count > 1 else None
    ends = (None, None) if half is None else (mean - half, mean + half)
    return {"mean": mean, "low": ends[0], "high": ends[1], "n": count}


def _outcome(claim: Claim, tried: Mapping[str, Mapping[str, Figures]]) -> dict[str, Any]:
    """Seed by seed, `one` less `other`: reproduced where the interval lies on the published side of 0."""
    one, other = (tried.get(name, {}) for name in (claim.one, claim.other))
    seeds = sorted(one.keys() & other.keys())
    in_nats = claim.figure.endswith(PERPLEXITY)
    pairs = [(one[seed][claim.figure], other[seed][claim.figure]) for seed in seeds]
    found = interval([log(a / b) if in_nats else a - b for a, b in pairs]) if seeds else None
    if not claim.testable:
        outcome = "not testable at this size"
    elif found is None or found["n"] < 2:
        outcome = "not tried"
    elif (found["low"] > 0) if claim.higher else (found["high"] < 0):
        outcome = "reproduced"
    elif (found["high"] < 0) if claim.higher else (found["low"] > 0):
        outcome = "not reproduced: the opposite is shown"
    else:
        outcome = "not reproduced: no difference is shown"
    figure = f"{claim.figure}{', in nats' if in_nats else ''}"
    here = f"{figure}, {claim.one} less {claim.other}: {with_interval(found)}" if found else ""
    reason = claim.reason if outcome != "reproduced" else ""
    return {**asdict(claim), "difference": found, "here": here, "outcome": outcome + (f" ({reason})" if reason else "")}
