from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.builtin.helpers import attempt, mistake_of, passage

from cem_toolkit.api import Mistake, Passage, Reading
from cem_toolkit.testing import make_context
from cem_toolkit.triage import ask_again, judge, subjects, with_doubt

WRONG = attempt(answer="Lagos", scores=(-5.0, -6.0, -1.0, -4.0))
GOLD = WRONG.gold


@pytest.mark.parametrize(
    ("again", "more", "kind"),
    [
        ((), {}, "knowledge"),
        ((), {"right_under": ("acc_norm",)}, "schema"),
        ((GOLD, GOLD), {}, "schema"),
        ((GOLD, GOLD, "Lagos"), {}, "schema"),
        (("Lagos", "Lagos"), {}, "knowledge"),
        (("Lagos", "Abuja"), {}, "knowledge"),
        ((GOLD, "Lagos"), {}, "knowledge"),  # by a wide margin
        ((GOLD, "Lagos"), {"scores": (-5.0, -6.0, -1.0, -1.2)}, "unsure"),
        (("Lagos", "Lagos"), {"scores": (-5.0, -6.0, -1.0, -1.2)}, "knowledge"),
        (("Abuja", "Khartoum"), {}, "unsure"),
        (("Abuja",), {}, "knowledge"),  # one other answer alone says little
    ],
)
def test_kinds_go_by_the_evidence(again: tuple[str, ...], more: dict[str, Any], kind: str) -> None:
    assert judge(replace(WRONG, **more), again).kind == kind


def test_a_key_that_the_user_doubts_is_doubtful_whatever_else_holds() -> None:
    assert judge(replace(WRONG, right_under=("acc_norm",)), (GOLD, GOLD), doubted=True).kind == "doubtful_key"


def test_the_evidence_is_told_in_words() -> None:
    verdict = judge(replace(WRONG, right_under=("acc_norm",)), (GOLD, "Lagos"))
    assert verdict.agreement == 0.5
    assert verdict.evidence == (
        "right under acc_norm",
        "right in 1 of 2 other ways of asking",
        "the same wrong answer in 1 of 2",
        "margin -3.0 nats",
    )


def test_free_text_goes_by_extraction_alone() -> None:
    text = attempt("In what form?", (), "1,000", answer="1000")
    assert judge(text).kind == "knowledge" and judge(text).agreement is None and judge(text).evidence == ()
    assert judge(replace(text, right_under=("flexible-extract",))).kind == "schema"


def test_all_are_asked_again_at_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
        calls.append(len(pairs))
        return [tuple(float(end == " Abuja") for end in ends) for _, ends in pairs]

    free = attempt("Why?", (), "because")
    answers = ask_again([WRONG, free, attempt("Who?")], 2, make_context(tmp_path, score=score))
    assert answers == [("Abuja", "Abuja"), (), ("Abuja", "Abuja")] and calls == [4]


def test_an_evaluator_that_cannot_score_is_named_and_gone_without(tmp_path: Path) -> None:
    said: list[str] = []
    assert ask_again([WRONG], 2, make_context(tmp_path, log=said.append)) == [()]
    assert len(said) == 1 and "no model to score" in said[0]
    assert ask_again([WRONG], 0, make_context(tmp_path, log=said.append)) == [()] and len(said) == 1


MISTAKE = mistake_of(WRONG)
SUBJECT = {"chad"}
TELLING = passage("Chad", "Chad lies in Africa. The capital of Chad is Lagos.", MISTAKE)
SILENT = passage("Africa", "Africa is a continent.", MISTAKE)


def reading(found: Passage, answer: str = "Lagos", margin: float = -5.0) -> Reading:
    return Reading.make(
        mistake_id=MISTAKE.id,
        passage_id=found.id,
        rank=0,
        shown=found.text,
        answer=answer,
        correct=answer == GOLD,
        margin=margin,
        closed_margin=-3.0,
    )


def doubted(found: Sequence[Passage], mistake: Mistake = MISTAKE, **other: Any) -> bool:
    readings = [reading(each) for each in found[:-1]] + [reading(found[-1], **other)]
    return with_doubt(mistake, WRONG, readings, found, SUBJECT).kind == "doubtful_key"


def test_a_key_is_doubted_when_text_and_model_both_contradict_it() -> None:
    assert doubted([TELLING, SILENT])
    judged = with_doubt(MISTAKE, WRONG, [reading(TELLING), reading(SILENT)], [TELLING, SILENT], SUBJECT)
    assert "'Lagos'" in judged.evidence[-2]


def test_a_key_is_not_doubted_on_less() -> None:
    named = passage("Chad", "Its largest city is N'Djamena.", MISTAKE)
    astray = passage("Nigeria", "Lagos was the capital.", MISTAKE)
    assert not doubted([TELLING])  # one text alone
    assert not doubted([SILENT, SILENT])  # the model's opinion alone
    assert not doubted([SILENT, astray])  # the answer stands where nothing is said of Chad
    assert not doubted([TELLING, named])  # the key stands in a text as well
    assert not doubted([TELLING, SILENT], answer="Abuja")  # the model answers this and that
    assert doubted([TELLING, SILENT, SILENT], answer="Abuja")  # mostly one thing
    assert not doubted([TELLING, SILENT], margin=-2.0)  # a text makes it less sure
    assert not doubted([TELLING, SILENT], mistake=replace(MISTAKE, kind="schema"))


def test_subjects_are_the_words_by_which_questions_differ() -> None:
    questions = [f"What is the capital of {land}?" for land in ("Chad", "Mali", "Peru")]
    assert subjects(questions) == {"chad", "mali", "peru"}
