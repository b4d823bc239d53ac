"""Which rows tell what a question asks, all its choices alike: which is right is not known here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from cem_toolkit.api import Mistake, Passage, Row
from cem_toolkit.excerpts import content_words, spaced
from cem_toolkit.records import RowKind


@dataclass(frozen=True, slots=True)
class Told:
    """A row about a passage, and its words by whether they are learnt."""

    row: Row
    given: frozenset[str]
    """Those that carry the topic of what stands before, and is not learnt itself."""
    said: str
    """Those that are learnt, with a space before and after each."""

    @classmethod
    def of(cls, row: Row, given: str, said: str) -> "Told":
        return cls(row, content_words(given), spaced(said))


def telling(question: str, choices: Sequence[str]) -> Callable[[Told], int]:
    """How many of the question's words stand before the first place of one of its choices in what is told; 0 where no
    choice is said.

    What is learnt is to go on from what stands before: whoever reads "Lomé is the capital of Togo" learns little about
    what the capital of Togo is (the reversal curse, arXiv 2309.12288), but "Togo: capital: Lomé, 1 m above the sea"
    serves as well as a sentence that ends with the name.
    """
    named = {words: content_words(choice) for choice in choices if (words := spaced(choice))}
    asked = content_words(question)

    def score(told: Told) -> int:
        return max(
            (
                len((asked - own) & (told.given | set(told.said[:place].split())))
                for words, own in named.items()
                if (place := told.said.find(words)) >= 0
            ),
            default=0,
        )

    return score


def in_order(
    told: Mapping[RowKind, Mapping[str, Sequence[Told]]],
    passages: Sequence[Passage],
    mistake: Mistake,
    flipping: Collection[tuple[str, str]],
) -> tuple[dict[RowKind, list[Row]], dict[RowKind, list[Row]]]:
    """Rows for `mistake`, by kind, out of what is told of each of its `passages`, by kind and passage id: first those
    that tell what is asked, the shortest first, then the others, the most telling first. In both, all of a passage that
    gives the right answer (`flipping`, pairs of ids) come before any of the others.

    Of such a passage, or where there is none, of all passages, only the rows that tell the most tell what is asked, and
    with them whatever else tells as much."""
    score = telling(mistake.question, mistake.choices)
    groups = [[each for each in passages if ((mistake.id, each.id) in flipping) is sure] for sure in (True, False)]
    scored = {
        kind: [[(score(each), each.row) for each in _in_turn([of[found.id] for found in group])] for group in groups]
        for kind, of in told.items()
    }
    tops = [max((amount for of in scored.values() for amount, _ in of[place]), default=0) for place in (0, 1)]
    enough = tops[0] or tops[1] or 1
    best: dict[RowKind, list[Row]] = {}
    others: dict[RowKind, list[Row]] = {}
    for kind, of in scored.items():
        telling_rows = [[row for amount, row in group if amount >= enough] for group in of]
        rest = [[(amount, row) for amount, row in group if amount < enough] for group in of]
        best[kind] = [row for group in telling_rows for row in sorted(group, key=_length)]
        others[kind] = [row for group in rest for _, row in sorted(group, key=lambda pair: -pair[0])]
    return best, others


def _length(row: Row) -> int:
    return len(row.prompt) + len(row.completion)


def _in_turn(groups: Iterable[Sequence[Told]]) -> list[Told]:
    """The first of every group, then the second of every group, and so on."""
    return [each for turn in zip_longest(*groups) for each in turn if each is not None]
