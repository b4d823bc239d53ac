"""Wrong choices for made questions: the answers of others like them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cem_toolkit.api import normalise

HEAD = 3
"""Characters by which answers are looked for in a question."""


class Answers:
    """Answers to choose from. Asking for those that fit takes a time that does not grow with their number."""

    def __init__(self, answers: Iterable[str]) -> None:
        written = {normalise(answer): answer for answer in answers}
        written.pop("", None)
        self._written = list(written.values())
        self._place = {key: place for place, key in enumerate(written)}
        self._lengths: dict[str, set[int]] = {}
        for key in written:
            self._lengths.setdefault(key[:HEAD], set()).add(len(key))

    def wrong_for(self, question: str, answer: str) -> Sequence[str]:
        """All but `answer` and those that stand in `question`."""
        found = {normalise(answer), *self._inside(normalise(question))}
        return _Without(self._written, sorted(self._place[key] for key in found if key in self._place))

    def _inside(self, text: str) -> Iterator[str]:
        for start in range(len(text)):
            for head in {text[start : start + size + 1] for size in range(HEAD)}:
                for length in self._lengths.get(head, ()):
                    yield text[start : start + length]


class _Without(Sequence[str]):
    """A list less a few of its items, without copying it."""

    def __init__(self, items: Sequence[str], places: Sequence[int]) -> None:
        """`places` are those of the items left out, in order."""
        self._items, self._places = items, places

    def __len__(self) -> int:
        return len(self._items) - len(self._places)

    def __getitem__(self, index: Any) -> Any:
        for place in self._places:
            index += place <= index
        return self._items[index]
