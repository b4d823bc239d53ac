"""In which order things are taken: passages best first over all sources, and draws by the seed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from cem_toolkit.records import Mistake, Passage, content_id

_FLIPS_FIRST = {True: 0, None: 1, False: 2}

T = TypeVar("T")


def best_passages(
    passages: Sequence[Passage], mistakes: Sequence[Mistake], limit: int, flipping_first: bool = False
) -> dict[str, list[Passage]]:
    """Of every mistake, by id, the `limit` best passages found for it, best first.

    A passage counts by the sum of its hits' scores: one that several queries found is likelier about the question.
    Scores of one source are compared with each other only: sources take turns (`in_turn`), by their passages' weight.
    With `flipping_first` those that the open-book test found to give the right answer come before the untested, and
    these before those that do not."""
    found: dict[str, dict[str, list[tuple[float, str, Passage]]]] = {mistake.id: {} for mistake in mistakes}
    flips: dict[tuple[str, str], bool] = {}
    weights: dict[str, float] = {}
    for passage in passages:
        scores: dict[str, float] = {}
        weights[passage.source] = passage.weight
        for hit in passage.hits:  # once: a passage may be found for thousands of mistakes
            if hit.mistake_id in found:
                scores[hit.mistake_id] = scores.get(hit.mistake_id, 0.0) + hit.score
                if hit.flips is not None:
                    flips.setdefault((hit.mistake_id, passage.id), hit.flips)
        for mistake_id, score in scores.items():
            found[mistake_id].setdefault(passage.source, []).append((score, passage.id, passage))
    best = {mistake_id: in_turn(by_source, weights) for mistake_id, by_source in found.items()}
    if flipping_first:
        for mistake_id, ranked in best.items():
            ranked.sort(key=lambda passage: _FLIPS_FIRST[flips.get((mistake_id, passage.id))])
    return {mistake_id: ranked[:limit] for mistake_id, ranked in best.items()}


def in_turn(by_source: Mapping[str, Iterable[tuple[float, str, T]]], weights: Mapping[str, float]) -> list[T]:
    """What several sources found, as (score, id, thing) by source: the best of each source, then the second best. A
    source of weight 2 has two turns where one of weight 1 has one."""
    turns = [
        ((rank + 1) / weights[source], source, thing)
        for source, scored in by_source.items()
        for rank, (_, _, thing) in enumerate(sorted(scored, key=lambda item: (-item[0], item[1])))
    ]
    return [thing for _, _, thing in sorted(turns, key=lambda turn: turn[:2])]


def shuffled(ids: Sequence[str], seed: int, purpose: str) -> list[str]:
    """`ids` in an order that looks random but depends on the seed, the purpose and the ids alone."""
    return sorted(ids, key=lambda each: content_id(str(seed), purpose, each))
