"""The guard against training on the questions that a run is measured by.

Method: "results that contain the question and its answer are removed by 13-gram match" (Continue Evolving from
Mistakes, arXiv 2404.08707); matching 13-grams is the customary test for contamination since GPT-3 (arXiv 2005.14165).

Limits: only wording is compared. A paraphrased or translated question passes (arXiv 2311.04850 shows what that can do
to a score), and so does a text that says the answer in a sentence of its own, which is the knowledge that is wanted.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cem_toolkit.records import Attempt, Passage, Record, Row, normalise

SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters of scripts written without spaces between words, as the inside of a regular expression's `[…]`."""

FEWEST = 5
"""So many tokens of a question must stand in a text before they are taken for the question."""

_TOKEN = re.compile(f"[{SPACELESS}]|[^{SPACELESS}\\s]+")
_BLANK = re.compile(r"_{2,}")


def tokens(text: str) -> list[str]:
    """The words of `text`, normalised; in scripts without spaces every character is one. Blanks (`___`) are none."""
    return _TOKEN.findall(normalise(text).replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """That a text holds a question together with its answer."""

    question_id: str
    ngram: str
    """The matching tokens, joined by spaces."""
    reason: str
    """"13-gram", "whole question" or "question beside answer"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Record):
    """A record that was left out of the run. `id` is the record's."""

    stage: str
    """The stage whose result it would have been in."""
    reason: str
    question_id: str = ""
    """The question that it leaks; the first of them where it leaks several."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    id: str
    length: int
    answer: str
    """The answer's tokens with a space before and after each."""


class LeakGuard:
    """Finds the questions of `attempts` in texts.

    A text leaks a question when it contains the normalised answer and, in sequence, one of

    - `n` tokens of the question, or of the question followed by or filled in with its answer, of which at least
      five are the question's;
    - the whole question, where it has fewer than `n` tokens but at least five;
    - the whole question and its answer side by side, where it has fewer than five.

    An answer without any letter or digit counts as contained; a question without any is not guarded. The time that a
    text takes does not grow with the number of questions, but for those that share wording with it.
    """

    def __init__(self, attempts: Iterable[Attempt], n: int = 13) -> None:
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
        seen: set[tuple[str, str]] = set()
        for attempt in attempts:
            if (attempt.id, attempt.gold) not in seen:
                seen.add((attempt.id, attempt.gold))
                self._add(attempt)

    def _add(self, attempt: Attempt) -> None:
        question, answer = tokens(attempt.question), tokens(attempt.gold)
        index = len(self._questions)
        self._questions.append(_Question(attempt.id, len(question), f" {' '.join(answer)} " if answer else ""))
        for gram in set(_grams(attempt.question, question, answer, self.n)):
            key = hash(gram)
            self._before.append(self._last.get(key, -1))
            self._last[key] = len(self._question)
            self._question.append(index)
            self._lengths.setdefault((gram[0], gram[1]), set()).add(len(gram))

    def _having(self, gram: tuple[str, ...]) -> Iterator[int]:
        """Indices of the questions that have `gram`."""
        entry = self._last.get(hash(gram), -1)
        while entry >= 0:
            yield self._question[entry]
            entry = self._before[entry]

    def find(self, text: str) -> list[Leak]:
        """The questions that `text` leaks, each once, in the order in which they stand in `text`."""
        words = tokens(text)
        whole = f" {' '.join(words)} "
        seen: set[int] = set()
        leaks: dict[str, Leak] = {}
        for start, head in enumerate(pairwise(words)):
            for length in sorted(self._lengths.get(head, ()), reverse=True):
                gram = tuple(words[start : start + length])
                for index in self._having(gram):
                    question = self._questions[index]
                    if index not in seen and question.answer in whole:
                        reason = self._reason(question, length)
                        leak = Leak(question_id=question.id, ngram=" ".join(gram), reason=reason)
                        leaks.setdefault(question.id, leak)
                    seen.add(index)
        return list(leaks.values())

    def _reason(self, question: _Question, length: int) -> str:
        if question.length < FEWEST:
            return "question beside answer"
        return f"{self.n}-gram" if length == self.n else "whole question"

    def screen_passages(self, passages: Iterable[Passage]) -> tuple[list[Passage], list[Drop]]:
        """Those passages that leak nothing by title and text, and what became of the others."""
        kept: list[Passage] = []
        drops: list[Drop] = []
        for passage in passages:
            leaks = self.find(f"{passage.title}\n{passage.text}")
            if leaks:
                drops.append(_drop(passage.id, "retrieve", leaks))
            else:
                kept.append(passage)
        return kept, drops

    def screen_rows(self, rows: Iterable[Row]) -> tuple[list[Row], list[Drop]]:
        """Those rows that leak no question but the ones they name in `own_pairs`, and what became of the others."""
        kept: list[Row] = []
        drops: list[Drop] = []
        for row in rows:
            leaks = [leak for leak in self.find(row.prompt + row.completion) if leak.question_id not in row.own_pairs]
            if leaks:
                drops.append(_drop(row.id, "mix", leaks))
            else:
                kept.append(row)
        return kept, drops


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


def _drop(record_id: str, stage: str, leaks: Sequence[Leak]) -> Drop:
    first, others = leaks[0], len(leaks) - 1
    more = f" (and {others} more question{'s' * (others > 1)})" if others else ""
    return Drop(
        id=record_id, stage=stage, reason=first.reason, question_id=first.question_id, detail=f"{first.ngram!r}{more}"
    )
