"""What a model wrongly believes, as a row to unlearn."""

from cem_toolkit.api import Attempt, Mistake, Row, normalise


def belief_row(mistake: Mistake, attempt: Attempt) -> Row | None:
    """The question of `attempt` with the answer that the model gave, or None where it gave none, or one that holds the
    right answer."""
    wrong = wrong_completion(attempt)
    if wrong is None or attempt.correct or _holds(wrong, attempt.gold) or wrong.strip() == attempt.completion.strip():
        return None
    return Row.make(
        kind="forget",
        prompt=attempt.prompt,
        completion=wrong,
        parents=(mistake.id, attempt.id),
        own_pairs=(attempt.id,),
    )


def wrong_completion(attempt: Attempt) -> str | None:
    """The model's answer as the task phrases answers: as the right one is phrased with the wrong one's text in its
    place, or the wrong choice's label, where labels go on from the right one's by choice. None where neither is."""
    answer, completion = attempt.answer.strip(), attempt.completion
    if not answer:
        return None
    if attempt.gold and attempt.gold in completion:
        return completion.replace(attempt.gold, answer)
    delimiter, told = completion[: len(completion) - len(completion.lstrip())], completion.strip()
    if attempt.choices:
        return _label(attempt, delimiter, told)
    return delimiter + answer


def _label(attempt: Attempt, delimiter: str, told: str) -> str | None:
    if len(told) != 1 or attempt.gold not in attempt.choices or attempt.answer not in attempt.choices:
        return None
    first = ord(told) - attempt.choices.index(attempt.gold)
    return delimiter + chr(first + attempt.choices.index(attempt.answer)) if chr(first) in "Aa1" else None


def _holds(text: str, answer: str) -> bool:
    said = normalise(answer)
    return bool(said) and f" {said} " in f" {normalise(text)} "
