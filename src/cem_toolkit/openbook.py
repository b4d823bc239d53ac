"""The open-book test: does a passage, put before the question, make the model answer rightly?

A passage that does not help even then teaches little about that question. And what the best passage alone sets right
needs no training: it is what retrieval at the time of the question would do. Any text before a question changes some
answers, though: what a passage found for another mistake sets right as well is no knowledge.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from types import MappingProxyType
from typing import Any

from cem_toolkit.config import OpenBookConfig
from cem_toolkit.excerpts import nearest
from cem_toolkit.ranking import best_passages, shuffled
from cem_toolkit.records import Attempt, Hit, Mistake, Passage, Reading
from cem_toolkit.roles import Context
from cem_toolkit.triage import best_choice, subjects, with_doubt
from cem_toolkit.ways import Way, as_task

PORTION = 100
"""Mistakes that are read together, at least: their number is fixed before anything is found, so that what was read
ahead (`ahead.py`) was asked in the same portions, and so answered with the same rounding."""

Scores = Sequence[tuple[float, ...]]
"""For each way of asking the log-likelihoods of its continuations, in nats."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One mistake's test: its question without and with each of the passages before it.

    The last of `passages` is another mistake's where `control` is true."""

    mistake: Mistake
    attempt: Attempt
    passages: tuple[Passage, ...]
    shown: tuple[str, ...]
    ways: tuple[Way, ...]
    """The first is without a passage, the others are in the order of `passages`."""
    control: bool


@dataclass(frozen=True)
class OpenBook:
    """Which mistakes are tested, in which portions, and how."""

    asked: Mapping[str, tuple[Attempt, Way]]
    """Of the mistakes that can be tested, by the mistake's id: the question, and as its task asks it."""
    portions: Sequence[Sequence[Mistake]]
    seed: int
    options: OpenBookConfig

    @classmethod
    def plan(
        cls, steering: Sequence[Attempt], mistakes: Sequence[Mistake], seed: int, options: OpenBookConfig
    ) -> "OpenBook":
        """All mistakes with choices whose other choices the task's form tells how to write, at most
        `options.mistakes`; none where no passage is to be tried."""
        known = {(attempt.task, attempt.id): attempt for attempt in steering}
        asked = {
            mistake.id: (attempt, way)
            for mistake in (mistakes if options.passages else ())
            if (attempt := known.get((mistake.task, mistake.attempt_id))) and (way := as_task(attempt))
        }
        drawn = set(shuffled(list(asked), seed, "open book")[: options.mistakes])
        chosen = [mistake for mistake in mistakes if mistake.id in drawn]
        count = max(1, len(chosen) // PORTION)
        cuts = [len(chosen) * place // count for place in range(count + 1)]
        return cls(asked, [chosen[start:end] for start, end in itertools.pairwise(cuts)], seed, options)

    def sheets(self, portion: Sequence[Mistake], best: Mapping[str, Sequence[Passage]]) -> list[Sheet]:
        """Of those of `portion` that something was found for. `best` has each mistake's passages, the best first."""
        found = [mistake for mistake in portion if best[mistake.id]]
        order = shuffled([mistake.id for mistake in found], self.seed, "open book")
        strangers = _strangers(order, best) if self.options.control else {}
        return [self._sheet(mistake, best[mistake.id], strangers.get(mistake.id)) for mistake in found]

    def _sheet(self, mistake: Mistake, own: Sequence[Passage], stranger: Passage | None) -> Sheet:
        attempt, way = self.asked[mistake.id]
        passages = (*own, *([stranger] if stranger else []))
        shown = tuple(excerpt(passage, attempt, self.options.characters) for passage in passages)
        ways = (way, *(Way(f"{text}\n\n{way.prompt}", way.continuations) for text in shown))
        return Sheet(mistake, attempt, passages, shown, ways, stranger is not None)


def ways_of(sheets: Iterable[Sheet]) -> tuple[Way, ...]:
    """All that is asked for `sheets`, in order."""
    return tuple(way for sheet in sheets for way in sheet.ways)


def read_passages(
    steering: Sequence[Attempt],
    mistakes: Sequence[Mistake],
    passages: Sequence[Passage],
    ctx: Context,
    options: OpenBookConfig,
    known: Mapping[tuple[Way, ...], Scores] = MappingProxyType({}),
) -> tuple[list[Passage], list[Mistake], list[Reading]]:
    """Asks mistakes again with their best passages before the question, in the task's own prompt without examples.

    Returns the passages with `Hit.flips` filled where tested, the mistakes with those as `doubtful_key` whose key the
    passages contradict, and the readings. `OpenBook.plan` says which are tested. Answers go by the highest
    log-likelihood. One call of `ctx.score` for each portion whose scores are not in `known`; where the evaluator cannot
    score, that is logged and nothing is tested.
    """
    test = OpenBook.plan(steering, mistakes, ctx.seed, options)
    best = best_passages(passages, [mistake for portion in test.portions for mistake in portion], options.passages)
    telling = subjects([attempt.question for attempt in steering])
    readings: list[Reading] = []
    judged: dict[str, Mistake] = {}
    doubted = 0
    for portion in test.portions:
        sheets = test.sheets(portion, best)
        ways = ways_of(sheets)
        try:
            scores = iter((known.get(ways) or ctx.score(ways)) if ways else [])
        except NotImplementedError as error:
            ctx.log(f"no open-book test: {error}")
            return list(passages), list(mistakes), []
        for sheet in sheets:
            read = _readings(sheet, [next(scores) for _ in sheet.ways])
            own = [reading for reading in read if not reading.control]
            after = with_doubt(sheet.mistake, sheet.attempt, own, sheet.passages[: len(own)], telling)
            doubted += after is not sheet.mistake
            judged[sheet.mistake.id] = after
            readings += read
    if doubted:
        ctx.log(f"{doubted} of {len(judged)} keys doubted: what was found contradicts them")
    return _marked(passages, readings), [judged.get(mistake.id, mistake) for mistake in mistakes], readings


def _strangers(drawn: Sequence[str], best: Mapping[str, Sequence[Passage]]) -> dict[str, Passage]:
    """For each of the mistakes `drawn`, by id, the best passage of the next, or of one after it where that was found
    for both; nothing where there is none."""
    strangers = {}
    for place, mistake in enumerate(drawn):
        own = {passage.id for passage in best[mistake]}
        others = (best[drawn[(place + step) % len(drawn)]][0] for step in range(1, len(drawn)))
        if stranger := next((passage for passage in others if passage.id not in own), None):
            strangers[mistake] = stranger
    return strangers


def excerpt(passage: Passage, attempt: Attempt, characters: int) -> str:
    """What is shown of `passage`: its title, and of its text the `characters` nearest to the question."""
    text = nearest(passage.text, attempt.question, attempt.choices, characters)
    return text if text.startswith(passage.title) else f"{passage.title}\n{text}"


def _readings(sheet: Sheet, scores: Sequence[Sequence[float]]) -> list[Reading]:
    closed, *opened = (replace(sheet.attempt, scores=tuple(each)) for each in scores)
    answers = [best_choice(sheet.attempt, attempt.scores) for attempt in opened]
    controls = [False] * (len(opened) - sheet.control) + [True] * sheet.control
    return [
        Reading.make(
            mistake_id=sheet.mistake.id,
            passage_id=passage.id,
            rank=0 if control else rank,
            shown=shown,
            answer=answer,
            correct=answer == sheet.attempt.gold,
            margin=attempt.margin,
            closed_margin=closed.margin,
            control=control,
        )
        for rank, (passage, shown, answer, attempt, control) in enumerate(
            zip(sheet.passages, sheet.shown, answers, opened, controls, strict=True)
        )
    ]


def _marked(passages: Sequence[Passage], readings: Sequence[Reading]) -> list[Passage]:
    """The passages with `Hit.flips` as the readings say."""
    correct = {(reading.passage_id, reading.mistake_id): reading.correct for reading in readings}

    def mark(passage: Passage, hit: Hit) -> Hit:
        return replace(hit, flips=correct.get((passage.id, hit.mistake_id), hit.flips))

    return [replace(passage, hits=tuple(mark(passage, hit) for hit in passage.hits)) for passage in passages]


def open_book_summary(readings: Sequence[Reading], mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """The figures of the test, JSON-safe, with the same by kind of mistake under `kinds`.

    `mistakes` are all of the round, `read` those asked with a passage, `right_without` those of them that are right in
    this form of prompt without any (few-shot examples or another normalisation made them mistakes), `tested` the
    others. Of `tested`, `fixed_by_best` are right with the best-ranked passage: what retrieval alone would fix.
    `fixed_by_any` are right with one of the passages at least: an oracle that knows which, an upper limit and no
    promise. `controlled` counts those of `tested` that were asked with another mistake's passage too, `fixed_by_other`
    those right with that one: what any text does. `passages` counts the readings of `tested` with their own passages
    and `flipping` the right ones among them; `median_gain` is their median of margin less margin without the passage,
    in nats, None where there is none.
    """
    by_kind: dict[str, list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        by_kind[mistake.kind].append(mistake)
    kinds = {kind: _counts(readings, group) for kind, group in sorted(by_kind.items())}
    return {**_counts(readings, mistakes), "kinds": kinds}


def _counts(readings: Sequence[Reading], mistakes: Sequence[Mistake]) -> dict[str, Any]:
    read: dict[str, list[Reading]] = {mistake.id: [] for mistake in mistakes}
    for reading in readings:
        if reading.mistake_id in read:
            read[reading.mistake_id].append(reading)
    read = {key: found for key, found in read.items() if found}
    wrong = [found for found in read.values() if found[0].closed_margin <= 0]
    controls = [reading for found in wrong for reading in found if reading.control]
    tested = [[reading for reading in found if not reading.control] for found in wrong]
    every = [reading for found in tested for reading in found]
    return {
        "mistakes": len(mistakes),
        "read": len(read),
        "right_without": len(read) - len(tested),
        "tested": len(tested),
        "fixed_by_best": sum(any(r.correct for r in found if r.rank == 0) for found in tested),
        "fixed_by_any": sum(any(r.correct for r in found) for found in tested),
        "controlled": len(controls),
        "fixed_by_other": sum(r.correct for r in controls),
        "passages": len(every),
        "flipping": sum(r.correct for r in every),
        "median_gain": round(median(r.margin - r.closed_margin for r in every), 4) if every else None,
    }
