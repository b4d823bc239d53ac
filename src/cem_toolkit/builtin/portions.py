"""Which rows are trained on: every mistake gets some text before any gets more, and no more tokens than wanted."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from cem_toolkit.api import Mistake, Passage, Row
from cem_toolkit.records import RowKind


def usable(passages: Sequence[Passage], mistakes: Sequence[Mistake], without_failed: bool) -> list[Passage]:
    """The passages with only those hits that are for `mistakes`, and none without any.

    With `without_failed` also without the hits of which the open-book test says that they do not give the right answer.
    """
    known = {mistake.id for mistake in mistakes}
    kept = (
        replace(
            passage,
            hits=tuple(
                hit for hit in passage.hits if hit.mistake_id in known and not (without_failed and hit.flips is False)
            ),
        )
        for passage in passages
    )
    return [passage for passage in kept if passage.hits]


def flipping(passages: Sequence[Passage]) -> frozenset[tuple[str, str]]:
    """Pairs of a mistake and a passage, by ids, where by the open-book test the passage gives the right answer."""
    return frozenset((hit.mistake_id, passage.id) for passage in passages for hit in passage.hits if hit.flips)


def fair_order(queues: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The rows of all queues, each once, such that any beginning of the list serves all mistakes as evenly as it can,
    those of the first queues before others.

    `queues` holds the rows of every mistake, best first. A row in several queues counts for each of their mistakes.
    """
    holders: dict[str, list[str]] = {}
    for mistake, rows in queues.items():
        for row in rows:
            holders.setdefault(row.id, []).append(mistake)
    waiting = {mistake: deque(rows) for mistake, rows in queues.items()}
    served = dict.fromkeys(queues, 0)
    order: dict[str, Row] = {}
    level = 0
    while waiting:
        level += 1
        for mistake, queue in waiting.items():
            while queue and served[mistake] < level:
                row = queue.popleft()
                if row.id not in order:
                    order[row.id] = row
                    for holder in holders[row.id]:
                        served[holder] += 1
        waiting = {mistake: queue for mistake, queue in waiting.items() if queue}
    return list(order.values())


def within_budget(
    tiers: Sequence[Mapping[RowKind, Sequence[Row]]],
    costs: Mapping[str, float],
    shares: Mapping[RowKind, float],
    budget: int,
) -> dict[RowKind, list[Row]]:
    """The first rows of every kind whose costs add up to at most `budget`, in the proportions of `shares`.

    Of two tiers the first comes first. What a kind leaves of its share goes to the other kinds of its tier in turn,
    then to what the next tier has of these kinds, and in the end to whatever there is, but to no kind without a share.
    `costs` are by row id.
    """
    kinds = dict.fromkeys(chain(*tiers))
    every = {kind: list(dict.fromkeys(row for tier in tiers for row in tier.get(kind, ()))) for kind in kinds}
    asked = [kind for kind in every if every[kind] and shares.get(kind, 0) > 0]
    total = sum(shares[kind] for kind in asked)
    quota = {kind: budget * shares[kind] / total for kind in asked}
    left = float(budget)
    chosen: set[str] = set()

    def take(rows: Iterable[Row | None], most: float) -> float:
        """What is left of `most` after those of `rows` that fit into it."""
        nonlocal left
        for row in rows:
            if row and row.id not in chosen and costs[row.id] <= min(most, left):
                most -= costs[row.id]
                left -= costs[row.id]
                chosen.add(row.id)
        return most

    for tier in tiers:
        held = {kind: rows for kind, rows in tier.items() if kind in quota}
        for kind, rows in held.items():
            quota[kind] = take(rows, quota[kind])
        before = sum(quota[kind] for kind in held)
        after = take(chain.from_iterable(zip_longest(*held.values())), before)
        for kind in held:
            quota[kind] *= after / before if before else 0.0
    take(chain.from_iterable(zip_longest(*(every[kind] for kind in asked))), left)
    return {kind: [row for row in rows if row.id in chosen] for kind, rows in every.items()}


def amount(wanted: int | float, of: int) -> int:
    """`wanted` itself where it is a whole number, else that share of `of`; at most `of` of a share."""
    return wanted if isinstance(wanted, int) else round(wanted * of)
