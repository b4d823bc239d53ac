"""Rows of kind preference: where the model prefers a wrong answer, the right one and that one.

By default they are made of rewriters' questions about the passages that were found for a mistake, never of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from cem_toolkit.api import Attempt, Context, Mistake, Passage, Rewrite, Row, content_id, normalise


class Preferring:
    """Makes preferences of rows that ask a rewriter's question, in the form in which these ask it."""

    def __init__(self, asked: Sequence[Row], passages: Iterable[Passage], choices: int, ctx: Context) -> None:
        """`asked` are the rows to take wrong answers from, `choices` is how many of them are tried for a question."""
        self._choices, self._ctx = choices, ctx
        self._texts = {passage.id: normalise(f"{passage.title} {passage.text}") for passage in passages}
        self._questions: dict[str, list[Rewrite]] = {}
        self._answers: dict[str, dict[str, str]] = {}
        for rewrite in ctx.rewrites:
            if rewrite.question:
                self._questions.setdefault(rewrite.passage_id, []).append(rewrite)
                self._answers.setdefault(rewrite.kind, {}).setdefault(normalise(rewrite.text), rewrite.text)
        self._made_of = {row.id: found for row in asked if (found := self._rewrite(row))}
        self._labels = sorted({row.completion for row in asked if not self._is_text(row)})

    def make(self, rows: Sequence[Row]) -> dict[str, Row]:
        """By id of those of `rows` where `ctx.model` prefers a wrong answer, by log-likelihood a byte, the preference
        of the right one. Empty where the evaluator cannot score text."""
        pairs = [(row, wrong) for row in rows if (wrong := self._wrong(row))]
        try:
            scored = self._ctx.score([(row.prompt, (row.completion, *wrong)) for row, wrong in pairs]) if pairs else []
        except NotImplementedError as error:
            self._ctx.log(f"no preferences are made: {error}")
            return {}
        made: dict[str, Row] = {}
        for (row, wrong), scores in zip(pairs, scored, strict=True):
            right, *others = (
                score / len(text.encode()) for score, text in zip(scores, (row.completion, *wrong), strict=True)
            )
            if max(others) > right:
                made[row.id] = preference(row, wrong[others.index(max(others))])
        return made

    def _rewrite(self, row: Row) -> Rewrite | None:
        """The rewriter's question that `row` asks: the longest of its passages that stands in the prompt."""
        given = [each for parent in row.parents for each in self._questions.get(parent, ())]
        return max((w for w in given if w.question in row.prompt), key=lambda w: len(w.question), default=None)

    def _is_text(self, row: Row) -> bool:
        """Whether the answer is said in words, and not by the label of a choice."""
        rewrite = self._made_of.get(row.id)
        return rewrite is None or row.completion.strip() == rewrite.text.strip()

    def _wrong(self, row: Row) -> tuple[str, ...]:
        """Wrong answers as `row` would say them: other labels, or answers of the same kind that stand neither in the
        question nor in its passages, which may tell more than one right answer."""
        rewrite = self._made_of.get(row.id)
        if rewrite is None:
            return ()
        if not self._is_text(row):
            return tuple(label for label in self._labels if label != row.completion)
        told = " ".join([normalise(rewrite.question), *(self._texts.get(each, "") for each in rewrite.passage_ids)])
        others = [
            text for key, text in self._answers[rewrite.kind].items() if key and key != normalise(rewrite.text)
            and f" {key} " not in f" {told} "
        ]  # fmt: skip
        chance = Random(content_id(str(self._ctx.seed), row.id))  # noqa: S311 (not for secrets)
        before = row.completion[: -len(row.completion.lstrip())]
        return tuple(before + text for text in chance.sample(others, min(self._choices, len(others))))


def preference(row: Row, rejected: str) -> Row:
    """That the answer of `row` is better than `rejected`."""
    return Row.make(
        kind="preference",
        prompt=row.prompt,
        completion=row.completion,
        rejected=rejected,
        parents=row.parents,
        own_pairs=row.own_pairs,
        weight=row.weight,
    )


def own_preferences(mistakes: Iterable[Mistake], attempts: Iterable[Attempt]) -> Mapping[str, Row]:
    """By mistake its own question, with the right answer and the model's wrong one, as the task writes them."""
    asked = {(attempt.task, attempt.id): attempt for attempt in attempts}
    made: dict[str, Row] = {}
    for mistake in mistakes:
        attempt = asked.get((mistake.task, mistake.attempt_id))
        if attempt and (rejected := _as_the_task_writes(attempt)):
            made[mistake.id] = Row.make(
                kind="preference",
                prompt=attempt.prompt,
                completion=attempt.completion,
                rejected=rejected,
                parents=(mistake.id, attempt.id),
                own_pairs=(attempt.id,),
            )
    return made


def _as_the_task_writes(attempt: Attempt) -> str:
    """The model's wrong answer in the form of the right one; "" where that form is not known."""
    before = attempt.completion.removesuffix(attempt.gold)
    if before != attempt.completion and not before.strip():
        return before + attempt.answer if attempt.answer.strip() else ""
    label = attempt.completion.strip(" \n\t.:()[]")
    if len(label) != 1 or not {attempt.gold, attempt.answer} <= set(attempt.choices):
        return ""
    places = attempt.choices.index(attempt.answer) - attempt.choices.index(attempt.gold)
    return attempt.completion.replace(label, chr(ord(label) + places))
