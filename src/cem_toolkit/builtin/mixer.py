"""The method's mixer: one training set of pre-training text and instructions, learnt together and not one by one.

Kinds of rows and their names are the method's (Continue Evolving from Mistakes, arXiv 2404.08707); its templates and
proportions are not published, so those are ours.
"""

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

from cem_toolkit.api import Attempt, Context, Mistake, Mixer, Passage, Rewrite, Row
from cem_toolkit.builtin import rows as make
from cem_toolkit.builtin.forms import task_form
from cem_toolkit.builtin.general import read_general
from cem_toolkit.builtin.mixer_options import MixerOptions
from cem_toolkit.builtin.portions import amount, fair_order, flipping, usable, within_budget
from cem_toolkit.builtin.telling import Told, in_order
from cem_toolkit.ranking import best_passages, shuffled
from cem_toolkit.records import RowKind

ABOUT_MISTAKES: tuple[RowKind, ...] = ("passage", "normative", "extractive")


class CemMixer(Mixer):
    """Rows of five kinds:

    - `passage`: the retrieved text as it is, and rewritten, for continual pre-training;
    - `normative`: question and answer in the task's own form, the question made from a passage by a rewriter;
    - `extractive`: the same with the passage before it, so that the model learns to draw facts out of long text;
    - `review`: a sample of what was answered correctly, against forgetting;
    - `general`: rows about nothing in particular, against forgetting too.

    No mistakes make no rows: there is nothing to learn, and review alone would only overfit. Mistakes whose key is
    doubted count as none. Mistakes for which no passage was found make review and general rows only. With `own_pairs`
    the mistakes' own questions make normative and extractive rows as well.
    """

    name = "cem"
    version = "7"
    Options = MixerOptions
    options: MixerOptions

    def check(self, ctx: Context) -> None:
        read_general(self._general_path(ctx))

    def fingerprint(self, ctx: Context) -> str:
        """A hash of the general rows."""
        ids = [row.id for row in read_general(self._general_path(ctx))]
        return hashlib.sha256("".join(ids).encode()).hexdigest()

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        mistakes = [mistake for mistake in mistakes if mistake.kind != "doubtful_key"]
        if not mistakes:
            ctx.log("no mistakes of a trusted key, so no training rows")
            return
        tiers = self._about_mistakes(passages, mistakes, attempts, ctx)
        made = sum(len(rows) for tier in tiers for rows in tier.values())
        review = ctx.screen_rows(self._review(attempts, ctx))
        tiers.append({"review": review, "general": ctx.screen_rows(self._general(made, ctx))})
        tiers = [self._weighted(tier) for tier in tiers]
        if self.options.token_budget is not None:
            tiers = [within_budget(tiers, _costs(tiers, ctx), self.options.shares, self.options.token_budget)]
        for kind in dict.fromkeys(chain(*tiers)):
            yield from dict.fromkeys(row for tier in tiers for row in tier.get(kind, ()))

    def _about_mistakes(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> list[dict[RowKind, list[Row]]]:
        """Passage, normative and extractive rows, each in an order that serves the mistakes evenly: first those that
        tell what a mistake asks, then the others."""
        passages = usable(passages, mistakes, without_failed=self.options.open_book == "flipping")
        best = best_passages(passages, mistakes, self.options.max_passages, self.options.open_book == "first")
        used = {passage.id: passage for found in best.values() for passage in found}
        told = self._told(list(used.values()), mistakes, attempts, ctx)
        own = self._own(mistakes, attempts, best, ctx)
        first = flipping(passages) if self.options.open_book != "all" else frozenset()
        # Mistakes with a passage that gives the right answer come before others.
        ordered = sorted(mistakes, key=lambda each: not any((each.id, p.id) in first for p in best[each.id]))

        best_rows, others = {}, {}
        for each in ordered:
            best_rows[each.id], others[each.id] = in_order(told, best[each.id], each, first)
        return [
            {kind: fair_order({key: [*own[key][kind], *of[kind]] for key, of in best_rows.items()}) for kind in told},
            {kind: fair_order({key: of[kind] for key, of in others.items()}) for kind in told},
        ]

    def _told(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> dict[RowKind, dict[str, list[Told]]]:
        """What is made of each passage, by kind and passage id."""
        used = {passage.id: passage for passage in passages}
        statements, questions = _by_passage(ctx.rewrites, used)
        builder = make.QuestionRows({each.id: questions.get(each.id, ()) for each in passages}, ctx.seed)
        task_of = {mistake.id: mistake.task for mistake in mistakes}
        forms = {task: task_form([a for a in attempts if a.task == task]) for task in dict.fromkeys(task_of.values())}

        @cache
        def parents(ids: tuple[str, ...]) -> tuple[str, ...]:
            return make.parents_of([used[each] for each in ids])

        told: dict[RowKind, dict[str, list[Told]]] = {kind: {} for kind in ABOUT_MISTAKES}
        for passage in passages:
            told["passage"][passage.id] = make.text_rows(passage, statements.get(passage.id, ()), parents)
            asked = builder.make(passage, forms[task_of[passage.hits[0].mistake_id]], parents)
            told["normative"][passage.id], told["extractive"][passage.id] = asked
        # Rules may make a passage into the very question of a benchmark; such rows go before they take another's place.
        every = [each.row for by_passage in told.values() for made in by_passage.values() for each in made]
        kept = {row.id for row in ctx.screen_rows(every)}
        return {
            kind: {key: [each for each in made if each.row.id in kept] for key, made in by_passage.items()}
            for kind, by_passage in told.items()
        }

    def _own(
        self,
        mistakes: Sequence[Mistake],
        attempts: Sequence[Attempt],
        best: Mapping[str, Sequence[Passage]],
        ctx: Context,
    ) -> dict[str, dict[RowKind, list[Row]]]:
        """Rows of the mistakes' own questions, by mistake and kind; none but with `own_pairs`."""
        own: dict[str, dict[RowKind, list[Row]]] = {each.id: {kind: [] for kind in ABOUT_MISTAKES} for each in mistakes}
        if not self.options.own_pairs:
            return own
        asked = {(attempt.task, attempt.id): attempt for attempt in attempts}
        made = {
            mistake.id: make.own_rows(attempt, mistake, best[mistake.id])
            for mistake in mistakes
            if (attempt := asked.get((mistake.task, mistake.attempt_id)))
        }
        kept = {row.id for row in ctx.screen_rows([row for pair in made.values() for rows in pair for row in rows])}
        for key, pair in made.items():
            own[key]["normative"], own[key]["extractive"] = ([row for row in rows if row.id in kept] for rows in pair)
        return own

    def _review(self, attempts: Sequence[Attempt], ctx: Context) -> list[Row]:
        right = {a.id: a for a in attempts if a.correct and a.split in ("", "mined")}
        order = shuffled(list(right), ctx.seed, "review")
        count = amount(self.options.review, len(right))
        if self.options.review_first == "unsure":
            order.sort(key=lambda each: right[each].margin)
        elif order:
            # Every round reviews others: what an earlier one reviewed is still held in the next.
            begin = (ctx.round - 1) * count % len(order)
            order = order[begin:] + order[:begin]
        return [make.review_row(right[each]) for each in order[:count]]

    def _general(self, others: int, ctx: Context) -> list[Row]:
        rows = {row.id: row for row in read_general(self._general_path(ctx))}
        wanted = amount(self.options.general, others)
        if wanted > len(rows):
            ctx.log(f"only {len(rows)} general rows for the {wanted} wanted")
        return [rows[each] for each in shuffled(list(rows), ctx.seed, "general")[:wanted]]

    def _weighted(self, rows: Mapping[RowKind, list[Row]]) -> dict[RowKind, list[Row]]:
        weights: dict[RowKind, float] = {kind: self.options.weights.get(kind, 1.0) for kind in rows}
        return {
            kind: [dataclasses.replace(row, weight=weights[kind]) for row in made] if weights[kind] else []
            for kind, made in rows.items()
        }

    def _general_path(self, ctx: Context) -> Path | None:
        path = self.options.general_file
        return ctx.config_folder / path if path else None


def _by_passage(
    rewrites: Iterable[Rewrite], used: Collection[str]
) -> tuple[dict[str, list[Rewrite]], dict[str, list[Rewrite]]]:
    """Statements and questions, by the id of the passage that they were made of, if all that they were made of is
    among `used`."""
    statements: dict[str, list[Rewrite]] = {}
    questions: dict[str, list[Rewrite]] = {}
    for rewrite in rewrites:
        if all(each in used for each in rewrite.passage_ids):
            (questions if rewrite.question else statements).setdefault(rewrite.passage_id, []).append(rewrite)
    return statements, questions


def _costs(tiers: Iterable[Mapping[RowKind, Sequence[Row]]], ctx: Context) -> dict[str, float]:
    """The tokens of every row in one pass, by row id."""
    every = [row for tier in tiers for rows in tier.values() for row in rows]
    lengths = ctx.count_tokens([row.prompt + row.completion for row in every])
    return {row.id: length * row.weight for row, length in zip(every, lengths, strict=True)}
