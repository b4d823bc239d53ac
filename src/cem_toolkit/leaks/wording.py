"""Finds a question with its answer by wording: 13 tokens in sequence.

Method: "results that contain the question and its answer are removed by 13-gram match" (Continue Evolving from
Mistakes, arXiv 2404.08707); matching 13-grams is the customary test for contamination since GPT-3 (arXiv 2005.14165).
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cem_toolkit.leaks.words import tokens

FEWEST = 5
"""So many tokens of a question must stand in a text before they are taken for the question."""

_BLANK = re.compile(r"_{2,}")


@dataclass(frozen=True, slots=True)
class _Question:
    id: str
    length: int
    answer: str
    """The answer's tokens with a space before and after each."""


@dataclass(frozen=True, slots=True)
class Match:
    """That a text holds a question's wording and its answer."""

    question_id: str
    ngram: str
    """The matching tokens, joined by spaces."""
    reason: str


class WordingIndex:
    """An index of token sequences of questions; `LeakGuard` says which.

    The time that a text takes does not grow with the number of questions, but for those that share wording with it.
    """

    def __init__(self, n: int) -> None:
        if n <= FEWEST:
            raise ValueError(f"n must be more than {FEWEST}, not {n}")
        self.n = n
        self._questions: list[_Question] = []
        # The index is an entry for every n-gram of every question, those of equal hash chained from the last one back:
        # millions of numbers, and no object for each to slow the garbage collector down.
        self._last: dict[int, int] = {}
        self._before = array("q")
        self._question = array("q")
        self._lengths: dict[tuple[str, str], set[int]] = {}

    def add(self, question_id: str, text: str, gold: str) -> None:
        question, answer = tokens(text), tokens(gold)
        index = len(self._questions)
        self._questions.append(_Question(question_id, len(question), f" {' '.join(answer)} " if answer else ""))
        for gram in set(_grams(text, question, answer, self.n)):
            key = hash(gram)
            self._before.append(self._last.get(key, -1))
            self._last[key] = len(self._question)
            self._question.append(index)
            self._lengths.setdefault((gram[0], gram[1]), set()).add(len(gram))

    def find(self, words: Sequence[str]) -> Iterator[Match]:
        """The questions whose wording and answer stand in a text of these tokens, in its order, each once."""
        whole = f" {' '.join(words)} "
        seen: set[int] = set()
        for start, head in enumerate(pairwise(words)):
            for length in sorted(self._lengths.get(head, ()), reverse=True):
                gram = tuple(words[start : start + length])
                for index in self._having(gram):
                    question = self._questions[index]
                    if index not in seen and question.answer in whole:
                        yield Match(question.id, " ".join(gram), self._reason(question, length))
                    seen.add(index)

    def _having(self, gram: tuple[str, ...]) -> Iterator[int]:
        """Indices of the questions that have `gram`."""
        entry = self._last.get(hash(gram), -1)
        while entry >= 0:
            yield self._question[entry]
            entry = self._before[entry]

    def _reason(self, question: _Question, length: int) -> str:
        if question.length < FEWEST:
            return "question beside answer"
        return f"{self.n}-gram" if length == self.n else "whole question"


def _grams(text: str, question: list[str], answer: list[str], n: int) -> Iterator[tuple[str, ...]]:
    """What to look for: token sequences of at most `n`, at least 2."""
    before, *after = _BLANK.split(text, maxsplit=1)
    place = len(tokens(before)) if after else len(question)
    filled = [*question[:place], *answer, *question[place:]]
    if len(question) < FEWEST:
        if question and answer:
            yield from (tuple(filled[:n]), (*question, *answer)[:n], (*answer, *question)[-n:])
        return
    sequences = [(question, 0, 0)]
    if len(filled) >= n or place < len(question):
        sequences.append((filled, place, place + len(answer)))
    for sequence, first, last in sequences:
        for start in range(max(1, len(sequence) - n + 1)):
            end = min(start + n, len(sequence))
            answered = max(0, min(end, last) - max(start, first))
            if end - start - answered >= FEWEST:
                yield tuple(sequence[start:end])
