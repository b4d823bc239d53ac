"""Ranking by meaning, with an encoder that knows three words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cem_toolkit.api import Hit, Mistake
from cem_toolkit.searching import Backend, Page
from cem_toolkit.searching.ranking import by_meaning


class Words:
    def encode_pages(self, texts: Sequence[str]) -> list[Any]:
        return [np.array([word in text for word in ("chad", "lake", "niger")], dtype=np.float32) for text in texts]

    encode_questions = encode_pages


class Gaps(Backend):
    """Page 1 cannot be read."""

    def search(self, query: str) -> Sequence[int]:
        return []

    def read_pages(self, numbers: Sequence[int]) -> Mapping[int, Page]:
        pages = {0: Page(title="a", text="lake"), 2: Page(title="b", text="chad")}
        return {number: pages[number] for number in numbers if number in pages}

    def sample(self, count: int, seed: int) -> Sequence[int]:
        return []


def test_pages_that_could_not_be_read_make_room_for_others() -> None:
    mistake = Mistake(id="m", attempt_id="q", task="t", kind="knowledge", question="where is chad", queries=("chad",))
    found = {number: [Hit(mistake_id="m", query="chad", score=1 / (number + 1))] for number in range(3)}
    encoder: Any = Words()
    ((_, best),) = by_meaning([(mistake, found)], Gaps(), encoder, 2)
    assert {number: hit.score for number, (hit,) in best.items()} == {2: 1.0, 0: 0.5}
