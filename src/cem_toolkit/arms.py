"""Control arms: what the same model becomes by a training set that lacks one thing, with as many tokens.

| arm | trained on |
|---|---|
| `random` | the same kinds of rows, made from passages drawn at random instead of those retrieved for the mistakes |
| `instructions` | the round's rows without passages: neither as text nor before a question |
| `passages` | the round's passages as text, and nothing else |
| `review` | the round's review and general rows, and nothing else |
| `seed-1`, … | the round's own recipe under another seed: how much is noise |

What the round gains over `random` is what the retrieved knowledge did; what `random` gains is form, or practice.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import get_args

from cem_toolkit.config import ArmName, Config
from cem_toolkit.records import Passage, Row

ARMS = get_args(ArmName)
"""Those that a user may ask for by name."""

KINDS = {
    "instructions": ("normative", "review", "general"),
    "passages": ("passage",),
    "review": ("review", "general"),
}
"""The kinds of the round's rows that each arm keeps."""


def arm_names(config: Config) -> list[str]:
    """All arms of a round, in the order in which they are trained."""
    return [*dict.fromkeys(config.arms), *(f"seed-{number}" for number in range(1, config.seeds))]


def seed_of(name: str) -> int:
    """What an arm adds to the run's seed: so much for a repeat, 0 for a control arm."""
    return int(name.removeprefix("seed-")) if name.startswith("seed-") else 0


def kept_rows(name: str, rows: Sequence[Row]) -> list[Row]:
    """Those of the round's rows that the arm `name` keeps, weighted to as many tokens as all of them."""
    return with_tokens([row for row in rows if row.kind in KINDS[name]], rows)


def with_tokens(rows: Sequence[Row], model: Sequence[Row]) -> list[Row]:
    """`rows` weighted so that a pass over them has as many tokens as one over `model`: kind by kind where `model` has
    the kind, and then as a whole."""
    wanted, have = _tokens(model), _tokens(rows)
    factors = {kind: wanted[kind] / have[kind] if wanted[kind] and have[kind] else 1.0 for kind in have}
    total = sum(have[kind] * factors[kind] for kind in have)
    whole = sum(wanted.values()) / total if total else 0.0
    return [dataclasses.replace(row, weight=row.weight * factors[row.kind] * whole) for row in rows]


def _tokens(rows: Iterable[Row]) -> dict[str, float]:
    """Tokens of one pass, by kind."""
    tokens: dict[str, float] = defaultdict(float)
    for row in rows:
        tokens[row.kind] += row.tokens * row.weight
    return tokens


def put_in_place(drawn: Iterable[Passage], found: Sequence[Passage]) -> list[Passage]:
    """Random passages with the hits of retrieved ones: each stands in for one of `found` that it is not itself."""
    known = {passage.id for passage in found}
    fresh = (passage for passage in drawn if passage.id not in known)
    return [
        dataclasses.replace(
            passage,
            hits=tuple(dataclasses.replace(hit, flips=None) for hit in replaced.hits),
            weight=replaced.weight,
        )
        for passage, replaced in zip(fresh, found, strict=False)
    ]
