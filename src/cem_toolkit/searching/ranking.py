"""Which pages are for a mistake: by the words of its queries, and then, with an encoder, by what the mistake asks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cem_toolkit.records import Hit, Mistake
from cem_toolkit.searching.backend import Backend
from cem_toolkit.searching.fusion import fuse

if TYPE_CHECKING:
    from cem_toolkit.searching.encoder import Encoder

Found = Mapping[int, Sequence[Hit]]
"""A mistake's pages, best first, each with the hits of the queries that found it; the sums of their scores are in that
order."""


def by_words(mistakes: Iterable[Mistake], backend: Backend, limit: int) -> Iterator[tuple[Mistake, Found]]:
    """At most `limit` pages for each mistake: the rankings of its queries, fused. Asks as it goes."""
    for mistake in mistakes:
        queries = tuple(dict.fromkeys(mistake.queries))
        fused = fuse([backend.search(query) for query in queries], limit)
        yield (
            mistake,
            {
                number: [Hit(mistake_id=mistake.id, query=queries[which], score=score) for which, score in by.items()]
                for number, by in fused.items()
            },
        )


def by_meaning(
    ranked: Iterable[tuple[Mistake, Found]], backend: Backend, encoder: "Encoder", limit: int
) -> list[tuple[Mistake, Found]]:
    """The `limit` best of each mistake's pages, by the cosine of the page and what the mistake asks.

    Those that could not be read are left out. Ties stay in the order in which they come. The scores of a page's hits
    are scaled so that they add up to 1 / rank.
    """
    ranked = list(ranked)
    pages = backend.read_pages(list(dict.fromkeys(number for _, found in ranked for number in found)))
    encoded = encoder.encode_pages([f"{page.title}\n{page.text}" for page in pages.values()])
    vectors = dict(zip(pages, encoded, strict=True))
    questions = encoder.encode_questions([whole_question(mistake) for mistake, _ in ranked])
    best: list[tuple[Mistake, Found]] = []
    for (mistake, found), question in zip(ranked, questions, strict=True):
        # Rounded, for a vector's last digits depend on what it was encoded with.
        likeness = {number: round(float(vectors[number] @ question), 4) for number in found if number in vectors}
        order = sorted(likeness, key=lambda number: -likeness[number])[:limit]
        best.append((mistake, {number: _scaled(found[number], 1 / rank) for rank, number in enumerate(order, 1)}))
    return best


def whole_question(mistake: Mistake) -> str:
    """The question and all its choices, sorted: the order they come in may tell which one is right."""
    return " ".join((mistake.question, *sorted(mistake.choices)))


def _scaled(hits: Sequence[Hit], score: float) -> Sequence[Hit]:
    """`hits` with scores that add up to `score`."""
    whole = sum(hit.score for hit in hits)
    return [replace(hit, score=hit.score / whole * score) for hit in hits]
