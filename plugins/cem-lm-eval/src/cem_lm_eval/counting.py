"""How much there is to ask, for the plan of a dry run."""

import math
from collections.abc import Sequence

from cem_toolkit.api import Context

SAMPLE = 200


def limited(count: int, limit: int | float | None) -> int:
    """How many of `count` questions are asked under the option `limit`, as lm-eval takes it."""
    if limit is None:
        return count
    return min(count, math.ceil(count * limit) if limit < 1 else int(limit))


def count(texts: Sequence[str], ctx: Context) -> tuple[int, int]:
    """The number of `texts`, and of their tokens as estimated from up to 200 of them, evenly spread."""
    sample = texts[:: max(1, math.ceil(len(texts) / SAMPLE))]
    tokens = sum(ctx.count_tokens(sample)) if sample else 0
    return len(texts), round(tokens * len(texts) / max(1, len(sample)))
