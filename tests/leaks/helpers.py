from cem_toolkit.api import Attempt, question_id


def attempt(question: str, gold: str) -> Attempt:
    return Attempt(
        id=question_id(question),
        task="t",
        question=question,
        gold=gold,
        answer="",
        correct=False,
        prompt="",
        completion="",
    )
