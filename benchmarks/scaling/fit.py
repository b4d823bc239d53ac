"""By which power a cost grows, and what memory it takes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

DECADES = 2
"""The upper ones, which are fitted: below them constant costs rule."""
NOISE = 0.005
"""Seconds below which a time tells nothing of growth."""
LEVEL = 0.95
SUPERLINEAR = 1.15
"""n log n looks like n^1.1 in the largest decade here."""


def growth(points: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The exponent of `seconds` in `n` with its interval (ordinary least squares of logarithms; None for fewer than
    three points that tell), that of the last decade alone, and MiB of memory and disk for each further unit of n."""
    largest = points[-1]["n"]
    fitted = [each for each in points if each["n"] * 10**DECADES >= largest and each["seconds"] >= NOISE]
    exponent, half = _slope([(math.log(each["n"]), math.log(each["seconds"])) for each in fitted])
    decade = next((each for each in reversed(points) if each["n"] * 10 <= largest), points[0])
    ratio = math.log(points[-1]["seconds"] / decade["seconds"]) if decade["seconds"] >= NOISE else None
    found = {
        "exponent": _round(exponent),
        "interval": None if half is None or exponent is None else [_round(exponent - half), _round(exponent + half)],
        "last_decade": None if ratio is None else _round(ratio / math.log(largest / decade["n"])),
        "mib_per_n": (points[-1]["mib"] - decade["mib"]) / (largest - decade["n"]),
    }
    if "disk_mib" in points[-1]:
        found["disk_mib_per_n"] = (points[-1]["disk_mib"] - decade["disk_mib"]) / (largest - decade["n"])
    return found


def _slope(points: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """The slope and half the width of its interval."""
    if len(points) < 3:
        return None, None
    from scipy.stats import linregress, t

    line = linregress(*zip(*points, strict=True))
    return float(line.slope), float(line.stderr * t.ppf((1 + LEVEL) / 2, len(points) - 2))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def table(kinds: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Every piece of work in a line; a mark where the last decade grew clearly faster than the work."""
    lines = []
    for kind, works in kinds.items():
        unit, many = (1, f"MiB a {kind[:-1]}") if kind == "rounds" else (100_000, "MiB per 100,000")
        lines.append(f"\n{kind:<18}{'largest':>10}{'seconds':>9}{'MiB':>7}  {'exponent [95 %]':<22}{'last':>5}  {many}")
        for name, work in works.items():
            last, found = work["points"][-1], work["interval"]
            exponent = f"{work['exponent']:.2f} [{found[0]:.2f}, {found[1]:.2f}]" if found else "-"
            steep = work["last_decade"]
            mark = "  <-- superlinear" if steep is not None and steep > SUPERLINEAR else ""
            lines.append(
                f"{name:<18}{last['n']:>10,}{last['seconds']:>9.3g}{last['mib']:>7.0f}  {exponent:<22}"
                f"{'-' if steep is None else format(steep, '.2f'):>5}  {work['mib_per_n'] * unit:.1f}{mark}"
            )
    return "\n".join(lines)
