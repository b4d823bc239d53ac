"""Examples again and again."""

import random
from collections.abc import Sequence

from cem_trl.encoding import Example


class Endless:
    """Examples in passes, each shuffled anew, one after the other."""

    def __init__(self, texts: Sequence[Example], chance: random.Random) -> None:
        self._texts, self._chance, self._left = list(texts), chance, list[Example]()

    def take(self, count: int) -> list[Example]:
        """The next `count`."""
        while len(self._left) < count:
            self._chance.shuffle(self._texts)
            self._left += self._texts
        taken, self._left = self._left[:count], self._left[count:]
        return taken
