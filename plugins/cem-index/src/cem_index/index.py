"""A finished index: memory-mapped, and read only."""

import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cem_index.document import Document
from cem_index.fields import KEY, NUMBER, STORED, WORDS
from cem_index.words import make_analyser, plain
from cem_toolkit.api import CemError
from cem_toolkit.searching import match_key

if TYPE_CHECKING:
    import tantivy

SPARE = 20
"""More hits than wanted are looked at, so that of equal ones those of the lowest numbers are taken."""
MOST_EQUAL = 5000
"""Hits that are looked at for that at most."""
SAME_KEY = 50
"""Documents of one title or name that are looked at, at most."""
REDIRECTS = 4
"""Redirects that are followed one after the other, at most."""


class DiskIndex:
    """Documents are named by their numbers, from 0 in the order in which they came; redirects have none."""

    def __init__(self, path: Path, language: str, count: int) -> None:
        """Opens the finished index in `path`, of `count` documents. Raises CemError where it is damaged."""
        import tantivy

        self._path, self._count = path, count
        self._analyser = make_analyser(language)
        with self._reading():
            index = tantivy.Index.open(str(path))
            index.config_reader("manual")  # else a thread watches for changes, and a finished index has none
            self._schema, self._searcher = index.schema, index.searcher()

    def __len__(self) -> int:
        """The number of documents, without redirects."""
        return self._count

    def search(self, query: str, limit: int) -> list[int]:
        """The numbers of at most `limit` documents, best first.

        First come those with the query as a title or name (case, punctuation and accents aside; redirects lead to
        their targets), then those that share words with it, by BM25 with k1 1.2 and b 0.75; ties by number.
        """
        with self._reading():
            return list(dict.fromkeys([*self._titled(query), *self._worded(query, limit)]))[:limit]

    def read(self, numbers: Sequence[int]) -> Mapping[int, Document]:
        """The documents of `numbers`, in their order; numbers that there are not are left out."""
        found: dict[int, Document] = {}
        with self._reading():
            for number in numbers:
                if 0 <= number < self._count:
                    for _, address in self._hits(self._term(NUMBER, number, "basic"), 1):
                        found[number] = self._stored(address)
        return found

    def sample(self, count: int, seed: int) -> list[int]:
        """The numbers of `count` documents drawn by `seed`, each as likely, none twice; of all where it has fewer."""
        return random.Random(seed).sample(range(self._count), min(count, self._count))  # noqa: S311 (guards nothing)

    def documents(self) -> Iterator[Document]:
        """All documents by number, without redirects."""
        for number in range(self._count):
            yield from self.read([number]).values()

    def close(self) -> None:
        """Lets go of the files; nothing may be asked afterwards."""
        del self._searcher

    def _titled(self, name: str, redirects: frozenset[str] = frozenset()) -> list[int]:
        """Numbers by title or name: those that have it literally come first, then by number."""
        key = match_key(name)
        if not key or key in redirects or len(redirects) > REDIRECTS:
            return []
        addresses = [address for _, address in self._hits(self._term(KEY, plain(key), "basic"), SAME_KEY)]
        numbers = self._searcher.fast_field_values(NUMBER, addresses)
        found = [
            (name not in (document.title, *document.names), number is None, number or 0, document.target)
            for number, document in zip(numbers, map(self._stored, addresses), strict=True)
        ]
        titled: list[int] = []
        for _, redirect, number, target in sorted(found):
            titled += self._titled(target, redirects | {key}) if redirect else [int(number)]
        return titled

    def _worded(self, query: str, limit: int) -> list[int]:
        """Numbers by BM25. Scores are compared rounded: the last digits depend on how documents lie in segments."""
        from tantivy import Occur, Query

        terms = Counter(self._analyser.analyze(plain(query)))
        if not terms or limit < 1:
            return []
        clauses = [(term, self._term(WORDS, term, "freq")) for term in terms]
        asked = Query.boolean_query([(Occur.Should, Query.boost_query(each, terms[term])) for term, each in clauses])
        wanted = limit + SPARE
        while True:
            hits = self._hits(asked, wanted)
            scores = [round(score, 3) for score, _ in hits]
            if len(hits) < wanted or scores[-1] < scores[limit - 1] or wanted >= MOST_EQUAL:
                break
            wanted *= 4
        numbers = self._searcher.fast_field_values(NUMBER, [address for _, address in hits])
        best = sorted((-score, int(number or 0)) for score, number in zip(scores, numbers, strict=True))
        return [number for _, number in best[:limit]]

    def _term(self, field: str, value: str | int, detail: str) -> "tantivy.Query":
        from tantivy import Query

        return Query.term_query(self._schema, field, value, detail)

    def _hits(self, query: "tantivy.Query", limit: int) -> "list[tuple[float, tantivy.DocAddress]]":
        return self._searcher.search(query, limit, count=False).hits

    def _stored(self, address: "tantivy.DocAddress") -> Document:
        return Document.from_bytes(self._searcher.doc(address).get_first(STORED) or b"")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """What tantivy raises over files that are not as it left them, its panics among them, as one line."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, ValueError | TypeError | OSError) or type(error).__name__ == "PanicException":
                raise CemError(
                    f"the index in {self._path} is damaged ({error}): delete that folder, and run again"
                ) from None
            raise
