"""Finds a question that is asked in other words and answered, by the words that remain.

A rephrased question passes every n-gram filter (arXiv 2311.04850). What a paraphrase keeps is the names and numbers
of the question, its answer, and often one of the words that say what is asked for.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cem_toolkit.leaks.asking import Ask
from cem_toolkit.leaks.features import Question, Said, cut, has_name, read_question, read_text

KEYS = 12
"""A question is looked for by at most so many of its rarest words."""
NAMED, WORDED = 0.5, 0.8
"""Of a question's names by weight, or of its words where it has no names, the part that is looked for: a text without
any of these is too unlike it to be compared (prefix filtering: Chaudhuri, Ganti and Kaushik, ICDE 2006)."""
NAME_KEY = 4
"""Letters of a name by which it is looked for: an adjective made of it shares them."""
UNSEEN = 0.2
"""What a word that no question has counts against a text, where an average word of the question counts 1."""


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """That a text may ask a question in other words, and gives its answer."""

    question: int
    """The question's number, in the order in which they were given."""
    text: str
    """How the text asks it."""
    names: float
    """The share of the question's names and numbers that stand in `text`, by weight; 1 where it has none."""
    likeness: float
    """From 0 to 1: the square of `names` times the Dice coefficient of the other words, each weighted by how few
    questions have it; squared again where the answer says nothing by itself."""


class ParaphraseIndex:
    def __init__(self, questions: Sequence[tuple[str, str]]) -> None:
        """`questions` are pairs of a question's text and its answer."""
        self._questions = [read_question(text, gold) for text, gold in questions]
        self._count: Counter[str] = Counter()
        for question in self._questions:
            self._count.update(question.words | {cut(name) for name in question.names})
        self._most = math.log(2 * len(self._questions) + 2)
        self._answers = {question.answer for question in self._questions}
        self._lengths: dict[str, set[int]] = {}
        self._having: dict[tuple[tuple[str, ...], str], list[int]] = {}
        for number, question in enumerate(self._questions):
            if question.answer:
                self._lengths.setdefault(question.answer[0], set()).add(len(question.answer))
            for key in self._keys(question):
                self._having.setdefault((question.answer, key), []).append(number)

    def _keys(self, question: Question) -> set[str]:
        """Some of a question's names, cut shorter, or where it has none some of its words; the rarest come first."""
        weights = {name: self._weight(cut(name)) for name in question.names}
        weights = weights or {word: self._weight(word) for word in question.words}
        left = sum(weights.values()) * (NAMED if question.names else WORDED)
        keys = set()
        for word in sorted(weights, key=lambda word: (-weights[word], word))[:KEYS]:
            if left < 0:
                break
            left -= weights[word]
            keys.add(f"={word[:NAME_KEY]}" if question.names else word)
        return keys

    def candidates(self, asks: Iterable[Ask]) -> Iterator[Paraphrase]:
        """Every question whose answer stands in an ask's reply and that may be like it."""
        for ask in asks:
            given = list(self._given(ask.reply))
            for text in ask.texts if given else ():
                said = read_text(text)
                keys = said.words | {f"={word[:NAME_KEY]}" for word in said.tokens}
                for answer in given:
                    numbers = {n for key in keys for n in self._having.get((answer, key), ())}
                    for number in sorted(numbers):
                        names, likeness = self._compare(self._questions[number], said)
                        yield Paraphrase(number, text, names, likeness)

    def _given(self, reply: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The answers that stand in `reply`, and the empty one."""
        given: set[tuple[str, ...]] = {()}
        for start, first in enumerate(reply):
            for length in self._lengths.get(first, ()):
                answer = tuple(reply[start : start + length])
                if answer in self._answers:
                    given.add(answer)
        yield from sorted(given)

    def _weight(self, word: str) -> float:
        """Near 0 for a word that all questions have, 1 for one that a single question has."""
        return math.log((len(self._questions) + 1) / (self._count[word] - 0.5)) / self._most

    def _compare(self, question: Question, said: Said) -> tuple[float, float]:
        """The share of the question's names that are said, and how like the wordings are."""
        if question.negative != said.negative:
            return 0.0, 0.0
        weights = {name: self._weight(cut(name)) for name in question.names}
        named = sum(weight for name, weight in weights.items() if has_name(name, said.tokens))
        names = named / sum(weights.values()) if weights else 1.0
        words = said.words - {cut(word) for word in (*question.names, *question.answer)}
        likeness = names**2 * self._dice(question.words, words)
        return names, likeness**2 if question.empty else likeness

    def _dice(self, asked: frozenset[str], said: frozenset[str]) -> float:
        """Twice what is common over the sum of both, by weight. A question that is nothing but names and small words
        counts as one word, which is common."""
        weights = [self._weight(word) for word in asked] or [1.0]
        unseen = UNSEEN * sum(weights) / len(weights)
        common = sum(map(self._weight, asked & said)) if asked else 1.0
        more = sum(self._weight(word) if word in self._count else unseen for word in said - asked)
        return 2 * common / (sum(weights) + common + more)
