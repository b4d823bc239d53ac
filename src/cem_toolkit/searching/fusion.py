"""Several queries' rankings made into one, by the sum of reciprocal ranks.

This is reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) with 0 for its rank constant instead of 60. It
looks at ranks alone, so it serves BM25 and a live wiki's search alike, and no query drowns the others because it is
longer and so scores higher. The queries of one mistake ask for different things (the question, each option), so the
first page of one query must count for more than a page that is far down in several: hence the smaller constant.
"""

from collections.abc import Mapping, Sequence


def fuse(rankings: Sequence[Sequence[int]], top_k: int) -> Mapping[int, Mapping[int, float]]:
    """The `top_k` pages of `rankings`, best first, each with its score from every ranking (by number) that has it.

    A page's score from a ranking is 1 / rank, ranks from 1; their sum orders the pages. Ties go to the page in the
    earlier ranking.
    """
    scores: dict[int, dict[int, float]] = {}
    for number, ranking in enumerate(rankings):
        for rank, page in enumerate(ranking, start=1):
            scores.setdefault(page, {})[number] = 1 / rank
    best = sorted(scores, key=lambda page: -sum(scores[page].values()))  # stable: the earlier ranking stays first
    return {page: scores[page] for page in best[:top_k]}
