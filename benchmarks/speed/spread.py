"""How figures of several runs are told."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Median, minimum and maximum."""
    found = {"median": statistics.median(values), "minimum": min(values), "maximum": max(values)}
    return {name: round(value, digits) for name, value in found.items()}
