"""Which rows are trained on: every mistake gets some text before any gets more, and no more tokens than wanted."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from cem_toolkit.api import Mistake, Passage, Row, normalise
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


def ending_with(choices: Sequence[str]) -> Callable[[str], bool]:
    """Whether a text ends with one of `choices`. What a row says last is learnt as the answer to what it says before,
    and hardly the other way round; all choices alike, for which is right is not known here."""
    ends = tuple(f" {normalise(choice)}" for choice in choices if normalise(choice))
    return lambda text: f" {normalise(text)}".endswith(ends)


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
    rows: Mapping[RowKind, Sequence[Row]], costs: Mapping[str, float], shares: Mapping[RowKind, float], budget: int
) -> dict[RowKind, list[Row]]:
    """The first rows of every kind whose costs add up to at most `budget`, in the proportions of `shares`.

    `costs` are by row id. What one kind leaves of its share goes to the others in turn, but to none without a share.
    """
    asked = {kind: rows[kind] for kind in rows if rows[kind] and shares.get(kind, 0) > 0}
    total = sum(shares[kind] for kind in asked)
    left = float(budget)
    chosen: set[str] = set()
    for kind, candidates in asked.items():
        quota = budget * shares[kind] / total
        for row in candidates:
            if costs[row.id] <= min(quota, left):
                quota -= costs[row.id]
                left -= costs[row.id]
                chosen.add(row.id)
    for turn in zip_longest(*asked.values()):
        for row in turn:
            if row and row.id not in chosen and costs[row.id] <= left:
                left -= costs[row.id]
                chosen.add(row.id)
    return {kind: [row for row in candidates if row.id in chosen] for kind, candidates in rows.items()}


def amount(wanted: int | float, of: int) -> int:
    """`wanted` itself where it is a whole number, else that share of `of`; at most `of` of a share."""
    return wanted if isinstance(wanted, int) else round(wanted * of)
