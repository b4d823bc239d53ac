"""The rewriter `rules`: statements and questions out of passages alone."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builtin.helpers import attempt, mistake_of, passage

from cem_toolkit.api import Passage, Rewrite
from cem_toolkit.builtin.rules import Rules, RulesOptions
from cem_toolkit.faithful import keep_faithful
from cem_toolkit.testing import make_context

TOGO = passage(
    "Togo",
    "Togo is a country in West Africa. It borders Ghana, Benin and Burkina Faso. Its capital is Lomé. "
    "Lomé is the capital of Togo. It gained independence from France in 1960.",
)


def rewrite(tmp_path: Path, *passages: Passage, seed: int = 0, **options: int) -> list[Rewrite]:
    return list(Rules(RulesOptions(**options)).rewrite(passages, make_context(tmp_path, seed=seed)))


def texts(rewrites: list[Rewrite], kind: str) -> list[str]:
    return [f"{each.question} {each.text}".strip() for each in rewrites if each.kind == kind]


def test_statements_name_the_subject_and_say_it_the_other_way_round(tmp_path: Path) -> None:
    said = texts(rewrite(tmp_path, TOGO), "restatement")
    assert {
        "Togo's capital is Lomé.",
        "The capital of Togo is Lomé.",
        "Togo gained independence from France in 1960.",
    } < set(said)
    assert {"Togo borders Benin, Burkina Faso and Ghana.", "Togo borders Burkina Faso, Ghana and Benin."} & set(said)


def test_a_statement_that_says_nothing_new_is_none(tmp_path: Path) -> None:
    assert texts(rewrite(tmp_path, passage("Togo", "Togo borders Ghana.")), "restatement") == []
    assert texts(rewrite(tmp_path, passage("Togo", "It borders Ghana.")), "restatement") == ["Togo borders Ghana."]


def test_questions_ask_for_roles_and_names(tmp_path: Path) -> None:
    made = rewrite(tmp_path, TOGO, blanks=0)
    assert "What is the capital of Togo? Lomé" in texts(made, "question")
    made = rewrite(tmp_path, passage("Chad", "In 1960 Chad became independent of France again."), questions=0)
    assert set(texts(made, "cloze")) == {
        "Fill in the blank: In 1960 ___ became independent of France again. Chad",
        "Fill in the blank: In ___ Chad became independent of France again. 1960",
        "Fill in the blank: In 1960 Chad became independent of ___ again. France",
    }


@pytest.mark.parametrize("most", [0, 1, 2])
def test_the_limits_hold(tmp_path: Path, most: int) -> None:
    one = passage("Togo", "Lomé, the port, is the capital of Togo.")
    list_of = passage("Togo", "It borders Ghana, Benin and Burkina Faso.")
    assert len(texts(rewrite(tmp_path, list_of, statements=most), "restatement")) == most
    assert len(rewrite(tmp_path, TOGO, statements=0, blanks=0, questions=most)) == most
    assert len(rewrite(tmp_path, TOGO, statements=0, blanks=most, questions=0)) == most
    assert rewrite(tmp_path, one, TOGO, statements=0, blanks=0, questions=0) == []


def test_links_are_statements_of_two_passages_and_off_unless_asked_for(tmp_path: Path) -> None:
    ghana, benin = passage("Ghana", "It is a country in Africa."), passage("Benin", "Benin is a land of lakes.")
    plain = rewrite(tmp_path, TOGO, ghana, benin)
    assert {each.linked_id for each in plain} == {""}
    both = rewrite(tmp_path, TOGO, ghana, benin, links=9)
    made = [each for each in both if each.kind == "link"]
    assert {(each.passage_id, each.linked_id, each.text) for each in made} == {
        (TOGO.id, ghana.id, "Togo borders Ghana, Benin and Burkina Faso. Ghana is a country in Africa."),
        (TOGO.id, benin.id, "Togo borders Ghana, Benin and Burkina Faso. Benin is a land of lakes."),
    }
    assert [each for each in both if each.kind != "link"] == plain, "the others stay as they are"
    one = {
        rewrite(tmp_path, TOGO, ghana, benin, links=1, blanks=0, questions=0, statements=0, seed=seed)[0]
        for seed in range(6)
    }
    assert one == set(made), "which, is by the seed"
    assert keep_faithful(made, [TOGO, ghana, benin])[1] == []


def test_rewrites_name_their_passage_and_know_of_no_question(tmp_path: Path) -> None:
    asked = dataclasses.replace(TOGO, hits=passage("x", "y", mistake_of(attempt())).hits)
    made = rewrite(tmp_path, asked)
    assert {each.passage_id for each in made} == {TOGO.id}
    assert made == rewrite(tmp_path, TOGO)


def test_each_passage_is_rewritten_by_itself(tmp_path: Path) -> None:
    other = passage("Chad", "It borders Libya, Sudan and Niger. Its capital is N'Djamena.")
    both = rewrite(tmp_path, other, TOGO)
    assert both == rewrite(tmp_path, other) + rewrite(tmp_path, TOGO)


def test_the_seed_decides_orders_and_blanks(tmp_path: Path) -> None:
    assert rewrite(tmp_path, TOGO, seed=3) == rewrite(tmp_path, TOGO, seed=3)
    assert len({tuple(each.id for each in rewrite(tmp_path, TOGO, seed=seed)) for seed in range(6)}) > 1


def test_what_the_rules_make_is_what_the_passage_says(tmp_path: Path) -> None:
    """Else the core would drop it: "Togo's" stands in no page that says "its"."""
    chinese = passage("长江", "长江是亚洲第一长河和世界第三长河。全长六千多公里。")
    made = rewrite(tmp_path, TOGO, chinese)
    kept, dropped = keep_faithful(made, [TOGO, chinese])
    assert dropped == []
    assert {each.passage_id for each in kept} == {TOGO.id, chinese.id}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=30), st.text(max_size=200))
def test_never_fails_and_no_question_holds_its_answer(tmp_path: Path, title: str, text: str) -> None:
    for each in rewrite(tmp_path, passage(title, text)):
        assert each.text
        assert not each.question or each.text not in each.question
