"""The guard that the loop asks: no passage and no row may hold a question together with its answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cem_toolkit.leaks.asking import find_asks
from cem_toolkit.leaks.encoder import Encoder
from cem_toolkit.leaks.paraphrase import Paraphrase, ParaphraseIndex
from cem_toolkit.leaks.wording import WordingIndex
from cem_toolkit.leaks.words import tokens
from cem_toolkit.records import Attempt, Passage, Record, Row

NEAR = "near-paraphrase"
THRESHOLD = 0.3
"""Chosen on the tuning half of the labelled set; docs/leaks.md has the rates."""
NAMES = 0.9
"""An encoder is asked about texts that have so much of a question's names: it takes one country for another."""

Kept = TypeVar("Kept", Passage, Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """That a text holds a question together with its answer."""

    question_id: str
    """The question that the text gives away."""
    ngram: str
    """The matching tokens, joined by spaces; of a near-paraphrase, the text that asks the question."""
    reason: str
    """"13-gram", "whole question", "question beside answer" or "near-paraphrase"."""
    score: float = 1.0
    """How like the wordings are, from 0 to 1; 1 for all that is matched by tokens in sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Record):
    """A record that was left out of the run. `id` is the record's."""

    stage: str
    """The stage whose result it would have been in."""
    reason: str
    """Why, in a word or two, such as "13-gram"."""
    question_id: str = ""
    """The question that it leaks; the first of them where it leaks several."""
    detail: str = ""
    """What was found, for a reader."""


class LeakGuard:
    """Finds the questions of `attempts` in texts.

    A text leaks a question when it contains the normalised answer and, in sequence, one of

    - `n` tokens of the question, or of the question followed by or filled in with its answer, of which at least
      five are the question's;
    - the whole question, where it has fewer than `n` tokens but at least five;
    - the whole question and its answer side by side, where it has fewer than five.

    It leaks a question by near-paraphrase when it asks something and gives the question's answer to it, and what it
    asks is like the question: by words (`ParaphraseIndex`) to `threshold` or more, or, where an `encoder` is given, by
    meaning. With `threshold=None` no paraphrases are looked for. A text that tells the answer without asking is never
    taken for one.

    An answer without any letter or digit counts as contained; a question without any is not guarded. The time that a
    text takes does not grow with the number of questions, but for those that share wording or the answer with it.
    """

    def __init__(
        self,
        attempts: Iterable[Attempt],
        n: int = 13,
        *,
        threshold: float | None = THRESHOLD,
        encoder: Encoder | None = None,
    ) -> None:
        asked = list({(attempt.id, attempt.gold): attempt for attempt in attempts}.values())
        self._ids = [attempt.id for attempt in asked]
        self._texts = [attempt.question for attempt in asked]
        self._wording = WordingIndex(n)
        for attempt in asked:
            self._wording.add(attempt.id, attempt.question, attempt.gold)
        self._threshold, self._encoder = threshold, encoder
        guarded = asked if threshold is not None else []
        self._paraphrases = ParaphraseIndex([(attempt.question, attempt.gold) for attempt in guarded])

    def find(self, text: str, prompt: str = "") -> list[Leak]:
        """The questions that `text`, or a training row of `prompt` and `text`, leaks, each once: those in their own
        wording as they stand in it, then the others, likest first."""
        return self._find([(prompt, text)])[0]

    def _find(self, texts: Sequence[tuple[str, str]]) -> list[list[Leak]]:
        """The same of many texts, each a prompt (which may be empty) and what follows it."""
        found: list[dict[str, Leak]] = []
        for (prompt, completion), near in zip(texts, self._near(texts), strict=True):
            leaks: dict[str, Leak] = {}
            for match in self._wording.find(tokens(prompt + completion)):
                leak = Leak(question_id=match.question_id, ngram=match.ngram, reason=match.reason)
                leaks.setdefault(match.question_id, leak)
            for leak in near:
                leaks.setdefault(leak.question_id, leak)
            found.append(leaks)
        return [list(leaks.values()) for leaks in found]

    def _near(self, texts: Sequence[tuple[str, str]]) -> list[list[Leak]]:
        """Of every text the near-paraphrases, likest first."""
        threshold = self._threshold
        if threshold is None:
            return [[] for _ in texts]
        encoder = self._encoder
        near: list[list[Leak]] = []
        doubtful: list[list[Paraphrase]] = []
        for prompt, completion in texts:
            candidates = list(self._paraphrases.candidates(find_asks(prompt, completion)))
            near.append([self._leak(each, each.likeness) for each in candidates if each.likeness >= threshold])
            rest = (each for each in candidates if each.likeness < threshold and each.names >= NAMES)
            doubtful.append(list(rest) if encoder else [])
        if encoder:
            pairs = [(self._texts[each.question], each.text) for group in doubtful for each in group]
            alike = iter(encoder.likeness(pairs))
            for leaks, group in zip(near, doubtful, strict=True):
                scored = [(each, next(alike)) for each in group]
                leaks += [self._leak(each, score) for each, score in scored if score >= encoder.threshold]
        return [sorted(leaks, key=lambda leak: -leak.score) for leaks in near]

    def _leak(self, found: Paraphrase, score: float) -> Leak:
        return Leak(question_id=self._ids[found.question], ngram=found.text, reason=NEAR, score=score)

    def screen_passages(self, passages: Iterable[Passage]) -> tuple[list[Passage], list[Drop]]:
        """Those passages that leak nothing by title and text, and what became of the others."""
        given = list(passages)
        found = self._find([("", f"{passage.title}\n{passage.text}") for passage in given])
        return _sort_out(given, found, "retrieve")

    def screen_rows(self, rows: Iterable[Row]) -> tuple[list[Row], list[Drop]]:
        """Those rows that leak no question but the ones they name in `own_pairs`, and what became of the others."""
        given = list(rows)
        found = self._find([(row.prompt, f"{row.completion}\n{row.rejected}".rstrip("\n")) for row in given])
        foreign = [
            [leak for leak in leaks if leak.question_id not in row.own_pairs]
            for row, leaks in zip(given, found, strict=True)
        ]
        return _sort_out(given, foreign, "mix")


def _sort_out(records: Sequence[Kept], found: Sequence[Sequence[Leak]], stage: str) -> tuple[list[Kept], list[Drop]]:
    kept: list[Kept] = []
    drops: list[Drop] = []
    for record, leaks in zip(records, found, strict=True):
        if leaks:
            drops.append(_drop(record.id, stage, leaks))
        else:
            kept.append(record)
    return kept, drops


def _drop(record_id: str, stage: str, leaks: Sequence[Leak]) -> Drop:
    first, others = leaks[0], len(leaks) - 1
    more = f" (and {others} more question{'s' * (others > 1)})" if others else ""
    score = f"{first.score:.2f}: " if first.reason == NEAR else ""
    return Drop(
        id=record_id,
        stage=stage,
        reason=first.reason,
        question_id=first.question_id,
        detail=f"{score}{first.ngram!r}{more}",
    )
