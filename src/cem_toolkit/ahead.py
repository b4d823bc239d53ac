"""Reading ahead: what a source found for the first mistakes is read by the model while it looks for the others.

A source that asks a server waits most of the time, and the open-book test computes most of the time. The test's results
do not depend on which was faster: it asks the same in the same portions anyway, and takes what was answered already.
"""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from cem_toolkit.openbook import OpenBook, Scores, ways_of
from cem_toolkit.ranking import best_passages
from cem_toolkit.records import Mistake, Passage
from cem_toolkit.ways import Way

SLOW = 5.0
"""Seconds for a portion from which on a source counts as one that waits. Beside a faster one nothing is gained."""

Found = Callable[[str, Sequence[Passage]], None]
"""As `Context.found`."""


class Ahead:
    """Scores of portions of an open-book test, by what was asked."""

    def __init__(self) -> None:
        self.known: dict[tuple[Way, ...], Scores] = {}

    @contextlib.contextmanager
    def listening(
        self,
        test: OpenBook,
        screen: Callable[[Sequence[Passage]], Sequence[Passage]],
        score: Callable[[Sequence[Way]], Scores],
        earlier: Sequence[Passage],
        log: Callable[[str], None],
    ) -> Iterator[Found]:
        """Gives what a source calls with a mistake's id and its passages: as soon as all of a portion are known, and
        others are not yet, one thread reads it. A portion that is being read when the source is done is waited for.

        `screen` keeps what the leak guard lets pass; `earlier` is what other sources found. A failure here costs
        nothing but the time that would have been saved: it is logged, and the stage `read` asks by itself.
        """
        place_of = {mistake.id: place for place, portion in enumerate(test.portions) for mistake in portion}
        waiting = [{mistake.id for mistake in portion} for portion in test.portions]
        passages = _by_portion(earlier, place_of)
        seen = {passage.id for passage in earlier}
        futures: list[Future[None]] = []
        began = time.monotonic()

        def read(portion: Sequence[Mistake], found: Sequence[Passage]) -> None:
            best = best_passages(screen(found), portion, test.options.passages)
            if ways := ways_of(test.sheets(portion, best)):
                self.known[ways] = score(ways)

        with ThreadPoolExecutor(1, "read-ahead") as pool:

            def found(mistake_id: str, of_mistake: Sequence[Passage]) -> None:
                nonlocal began
                place = place_of.get(mistake_id)
                if place is None or mistake_id not in waiting[place]:
                    return
                passages[place] += [passage for passage in of_mistake if passage.id not in seen]
                waiting[place].remove(mistake_id)
                if waiting[place]:
                    return
                took, began = time.monotonic() - began, time.monotonic()
                if took >= SLOW and any(waiting):
                    futures.append(pool.submit(read, test.portions[place], passages.pop(place, [])))

            try:
                yield found
            finally:
                pool.shutdown(cancel_futures=True)  # waits for the portion that is being read
        for future in futures:
            if not future.cancelled() and (error := future.exception()):
                log(f"nothing was read ahead: {error}")
                return


def _by_portion(passages: Sequence[Passage], place_of: dict[str, int]) -> defaultdict[int, list[Passage]]:
    found: defaultdict[int, list[Passage]] = defaultdict(list)
    for passage in passages:
        for place in dict.fromkeys(place_of[hit.mistake_id] for hit in passage.hits if hit.mistake_id in place_of):
            found[place].append(passage)
    return found
