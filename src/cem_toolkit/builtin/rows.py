"""The rows that the mixer makes of passages and of questions, before any are chosen."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from cem_toolkit.api import Attempt, Mistake, Passage, Rewrite, Row, content_id, normalise
from cem_toolkit.builtin.answers import Answers
from cem_toolkit.builtin.forms import PLAIN, TaskForm
from cem_toolkit.builtin.telling import Told

Parents = Callable[[tuple[str, ...]], tuple[str, ...]]
"""Of a row that was made of the passages with these ids."""


def parents_of(passages: Sequence[Passage]) -> tuple[str, ...]:
    """Ids of `passages`, and of the mistakes for which they were found."""
    served = dict.fromkeys(hit.mistake_id for passage in passages for hit in passage.hits)
    return (*(passage.id for passage in passages), *served)


def passage_text(passage: Passage) -> str:
    """A passage as it is trained on: under its title, unless it begins with it."""
    text = passage.text.strip()
    return text if text.startswith(passage.title) else f"{passage.title}\n{text}"


def passage_row(passage: Passage, parents: Sequence[str]) -> Row:
    """Continual pre-training: the text itself, without a prompt."""
    return Row.make(kind="passage", prompt="", completion=passage_text(passage), parents=tuple(parents))


def statement_row(rewrite: Rewrite, parents: Sequence[str]) -> Row:
    """What a rewriter made of a passage, as pre-training text."""
    return Row.make(kind="passage", prompt="", completion=rewrite.text.strip(), parents=tuple(parents))


def text_rows(passage: Passage, statements: Sequence[Rewrite], parents: Parents) -> list[Told]:
    """A passage as it is, and what rewriters made of it, as pre-training text."""
    rows = [passage_row(passage, parents((passage.id,)))]
    rows += [statement_row(rewrite, parents(rewrite.passage_ids)) for rewrite in statements]
    return [Told.of(row, "", row.completion) for row in rows]


class QuestionRows:
    """Makes rows of rewriters' questions in a task's form, with the answers of other questions as wrong choices."""

    def __init__(self, questions: Mapping[str, Sequence[Rewrite]], seed: int) -> None:
        """`questions` are by passage id."""
        self._questions = questions
        self._seed = seed
        answers: dict[str, list[str]] = {}
        for rewrite in (rewrite for given in questions.values() for rewrite in given):
            answers.setdefault(rewrite.kind, []).append(rewrite.text)
        self._answers = {kind: Answers(given) for kind, given in answers.items()}

    def make(self, passage: Passage, form: TaskForm, parents: Parents) -> tuple[list[Told], list[Told]]:
        """For every question about `passage` a normative row, and an extractive one that shows the passage before
        it."""
        normative: list[Told] = []
        extractive: list[Told] = []
        for rewrite in self._questions.get(passage.id, ()):
            random = Random(content_id(str(self._seed), passage.id, rewrite.question))  # noqa: S311 (not for secrets)
            others = self._answers[rewrite.kind].wrong_for(rewrite.question, rewrite.text)
            fitting = form if len(others) >= form.choices - 1 else PLAIN
            prompt, completion = fitting.fill(rewrite.question, rewrite.text, others, random)
            opened = f"{passage_text(passage)}\n\n{prompt}"
            for made, kind, asked in ((normative, "normative", prompt), (extractive, "extractive", opened)):
                row = _row(kind, asked, completion, parents(rewrite.passage_ids))
                made.append(Told.of(row, rewrite.question, rewrite.text))
        return normative, extractive


def own_rows(attempt: Attempt, mistake: Mistake, passages: Sequence[Passage]) -> tuple[list[Row], list[Row]]:
    """A mistake's own pair: a normative row, and an extractive one for every passage in which the answer stands."""
    own = (attempt.id,)
    answer = normalise(attempt.gold)
    normative = [_row("normative", attempt.prompt, attempt.completion, (mistake.id, attempt.id), own)]
    extractive = [
        _row(
            "extractive",
            f"{passage_text(passage)}\n\n{attempt.prompt}",
            attempt.completion,
            (passage.id, mistake.id, attempt.id),
            own,
        )
        for passage in passages
        if answer and f" {answer} " in f" {normalise(passage_text(passage))} "
    ]
    return normative, extractive


def review_row(attempt: Attempt) -> Row:
    """A question that was answered rightly, with its own pair."""
    return Row.make(
        kind="review",
        prompt=attempt.prompt,
        completion=attempt.completion,
        parents=(attempt.id,),
        own_pairs=(attempt.id,),
    )


def _row(kind: str, prompt: str, completion: str, parents: Sequence[str], own_pairs: tuple[str, ...] = ()) -> Row:
    return Row.make(kind=kind, prompt=prompt, completion=completion, parents=tuple(parents), own_pairs=own_pairs)
