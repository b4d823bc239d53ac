"""Attempts and passages for the tests of the bundled miner and mixer."""

from collections.abc import Sequence
from typing import Any

from cem_toolkit.api import Attempt, Hit, Mistake, Passage, content_id, question_id

CAPITALS = ("Abuja", "Khartoum", "Lagos", "N'Djamena")


def attempt(
    question: str = "What is the capital of Chad?",
    choices: Sequence[str] = CAPITALS,
    gold: str = "N'Djamena",
    **more: Any,
) -> Attempt:
    """A wrong attempt in a plain form, unless `more` says otherwise."""
    fields: dict[str, Any] = {
        "id": question_id(question, choices),
        "task": "quiz",
        "question": question,
        "choices": tuple(choices),
        "gold": gold,
        "answer": "",
        "correct": False,
        "prompt": f"Question: {question}\nAnswer:",
        "completion": f" {gold}",
    }
    return Attempt(**(fields | more))


def mistake_of(attempt: Attempt, kind: str = "knowledge") -> Mistake:
    return Mistake(
        id="m-" + content_id(attempt.task, attempt.id),
        attempt_id=attempt.id,
        task=attempt.task,
        kind=kind,  # type: ignore[arg-type]
        question=attempt.question,
        choices=attempt.choices,
        queries=("query",),
    )


def passage(title: str, text: str, *mistakes: Mistake, score: float = 1.0, source: str = "wiki") -> Passage:
    hits = tuple(Hit(mistake_id=mistake.id, query="query", score=score) for mistake in mistakes)
    return Passage.make(title=title, text=text, source=source, licence="CC0", hits=hits)
