import dataclasses
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.builtin.helpers import attempt, mistake_of, passage

from cem_toolkit.api import Attempt, CemError, Mistake, Passage, Rewrite, Row
from cem_toolkit.builtin.general import read_general
from cem_toolkit.builtin.mixer import CemMixer
from cem_toolkit.builtin.mixer_options import MixerOptions
from cem_toolkit.builtin.rules import Rules, RulesOptions
from cem_toolkit.leaks import LeakGuard
from cem_toolkit.testing import make_context

WRONG = attempt()
RIGHT = [attempt(f"Is {n} a number of note?", ("Yes", "No"), "Yes", correct=True, split="mined") for n in range(10, 30)]
MISTAKE = mistake_of(WRONG)
CHAD = passage(
    "Chad",
    "Chad is a landlocked country of deserts and lakes in the middle of Africa. The largest city is N'Djamena.",
    MISTAKE,
)
CITY = passage(
    "N'Djamena", "N'Djamena is the capital of Chad. Old N'Djamena lies where two wide rivers meet.", MISTAKE, score=0.5
)


def mix(
    tmp_path: Path,
    passages: list[Passage] | None = None,
    mistakes: list[Mistake] | None = None,
    attempts: list[Attempt] | None = None,
    context: dict[str, Any] | None = None,
    rules: dict[str, int] | None = None,
    **options: Any,
) -> list[Row]:
    """Rows of `passages` and of what the rewriter `rules` makes of them, under its options `rules`."""
    steering = [WRONG, *RIGHT] if attempts is None else attempts
    guard = LeakGuard(steering)
    found = [CHAD, CITY] if passages is None else passages
    asked = {"statements": 0, "blanks": 9} | (rules or {})  # questions alone, where a test is not about the others
    given = {
        "screen_rows": lambda rows: guard.screen_rows(rows)[0],
        "rewrites": tuple(Rules(RulesOptions(**asked)).rewrite(found, make_context(tmp_path))),
    }
    return list(
        CemMixer(MixerOptions(**options)).mix(
            found,
            [MISTAKE] if mistakes is None else mistakes,
            steering,
            make_context(tmp_path, **given | (context or {})),
        )
    )


def of(rows: list[Row], kind: str) -> list[Row]:
    return [row for row in rows if row.kind == kind]


def test_all_kinds_come_together(tmp_path: Path) -> None:
    rows = mix(tmp_path)
    assert set(Counter(row.kind for row in rows)) == {"passage", "normative", "extractive", "review", "general"}
    assert len({row.id for row in rows}) == len(rows)


def test_passages_are_trained_on_under_their_title(tmp_path: Path) -> None:
    untitled = passage("Lake", "Water lies there.", MISTAKE, score=0.1)
    texts = [row.completion for row in of(mix(tmp_path, [CHAD, untitled]), "passage")]
    assert texts[0].startswith("Chad is a") and texts[1] == "Lake\nWater lies there."


def test_made_questions_look_like_the_tasks(tmp_path: Path) -> None:
    wrong = attempt(prompt="Frage: What is the capital of Chad? =>", completion="\nN'Djamena")
    rows = mix(tmp_path, attempts=[wrong])
    assert all(row.prompt.startswith("Frage: ") and row.prompt.endswith(" =>") for row in of(rows, "normative"))
    assert all(row.completion.startswith("\n") for row in of(rows, "normative") + of(rows, "extractive"))


def test_statements_of_rewriters_are_text_to_read(tmp_path: Path) -> None:
    rows = mix(tmp_path, [CITY], rules={"statements": 1, "questions": 0, "blanks": 0})
    assert [(row.parents, row.prompt, row.completion) for row in of(rows, "passage")] == [
        ((CITY.id, MISTAKE.id), "", "The capital of Chad is N'Djamena."),
        ((CITY.id, MISTAKE.id), "", CITY.text),
    ]
    assert of(rows, "normative") == of(rows, "extractive") == []


def test_what_tells_a_mistakes_question_comes_first(tmp_path: Path) -> None:
    """Learnt the other way round, it would not answer the mistake's question."""
    said = ("N'Djamena is the capital of Chad.", "The capital there is N'Djamena.", "A fine country is Chad.")
    asked = (("What is old?", "the wall"), ("What is fine in Chad?", "N'Djamena"))
    made = [Rewrite.make(passage_id=CITY.id, kind="restatement", text=text) for text in said]
    made += [
        Rewrite.make(passage_id=CITY.id, kind="question", question=question, text=text) for question, text in asked
    ]
    rows = mix(tmp_path, [CITY], context={"rewrites": tuple(made)})
    assert [row.completion for row in of(rows, "passage")] == [said[1], CITY.text, said[0], said[2]]
    assert [row.completion for row in of(rows, "normative")] == [" N'Djamena", " the wall"]


def test_questions_of_several_rewriters_offer_each_others_answers(tmp_path: Path) -> None:
    wrong = attempt(prompt="Which?\nA. Abuja\nB. Lagos\nAnswer:", completion=" A", question="Which?", gold="Abuja")
    wrong = dataclasses.replace(wrong, choices=("Abuja", "Lagos"))
    one, other = (
        Rewrite.make(passage_id=found.id, kind=kind, question=f"What is it in {found.title}?", text=answer)
        for found, kind, answer in ((CHAD, "reversed", "a lake"), (CITY, "reversed", "a river"))
    )
    rows = of(mix(tmp_path, attempts=[wrong], context={"rewrites": (one, other)}), "normative")
    assert len(rows) == 2
    assert all("a lake" in row.prompt and "a river" in row.prompt for row in rows)
    alone = dataclasses.replace(other, kind="question")
    apart = of(mix(tmp_path, attempts=[wrong], context={"rewrites": (one, alone)}), "normative")
    assert all("a lake" not in row.prompt and "a river" not in row.prompt for row in apart), "answers of another kind"


def test_rewrites_of_passages_that_are_not_used_make_no_rows(tmp_path: Path) -> None:
    unused = Rewrite.make(passage_id="p-none", kind="restatement", text="Nothing of use.")
    rows = mix(tmp_path, [CHAD], context={"rewrites": (unused,)})
    assert [row.completion for row in of(rows, "passage")] == [CHAD.text]


BORDER = attempt("Which country's capital is not far from Kousseri?", ("Chad", "Togo"), "Chad")
KOUSSERI = passage("Kousseri", "Kousseri lies opposite N'Djamena.", mistake_of(BORDER))
LINK = Rewrite.make(
    passage_id=KOUSSERI.id, linked_id=CITY.id, kind="link", text=f"{KOUSSERI.text} N'Djamena is the capital of Chad."
)


def test_a_rewrite_of_two_passages_leads_back_to_both_and_their_mistakes(tmp_path: Path) -> None:
    asked = Rewrite.make(
        passage_id=KOUSSERI.id, linked_id=CITY.id, kind="question", question="Opposite what?", text="N'Djamena"
    )
    rows = mix(
        tmp_path,
        [KOUSSERI, CITY],
        [mistake_of(BORDER), MISTAKE],
        [BORDER, WRONG],
        context={"rewrites": (LINK, asked), "screen_rows": list},
    )
    both = (KOUSSERI.id, CITY.id, mistake_of(BORDER).id, MISTAKE.id)
    assert [row.parents for row in rows if row.completion == LINK.text] == [both]
    assert [row.parents for row in of(rows, "normative")] == [both]
    assert [row.parents for row in rows if row.completion == KOUSSERI.text] == [(KOUSSERI.id, mistake_of(BORDER).id)]


def test_what_only_two_passages_together_tell_comes_first(tmp_path: Path) -> None:
    """A choice stands in the second sentence, after words of the question in both."""
    found = [KOUSSERI, dataclasses.replace(CITY, hits=KOUSSERI.hits)]
    rows = mix(tmp_path, found, [mistake_of(BORDER)], [BORDER], context={"rewrites": (LINK,)})
    assert [row.completion for row in of(rows, "passage")] == [LINK.text, CITY.text, KOUSSERI.text]


def test_a_rewrite_of_two_passages_makes_no_row_unless_both_are_used(tmp_path: Path) -> None:
    rows = mix(tmp_path, [KOUSSERI, CITY], [mistake_of(BORDER)], [BORDER], context={"rewrites": (LINK,)})
    assert [row.completion for row in of(rows, "passage")] == [KOUSSERI.text]


def test_a_question_and_its_answer_that_only_two_passages_hold_together_are_dropped(tmp_path: Path) -> None:
    asked = attempt("Which capital lies opposite Kousseri, which is a town on the river Logone?", ("Lomé", "N'Djamena"))
    link = dataclasses.replace(LINK, text=f"{asked.question} N'Djamena is the capital of Chad.")
    given = {"context": {"rewrites": (link,)}, "passages": [KOUSSERI, CITY]}
    mistakes = [mistake_of(BORDER), MISTAKE]
    texts = {row.completion for row in mix(tmp_path, mistakes=mistakes, attempts=[BORDER, WRONG], **given)}
    assert link.text in texts
    texts = {row.completion for row in mix(tmp_path, mistakes=mistakes, attempts=[BORDER, WRONG, asked], **given)}
    assert link.text not in texts


def test_no_rewrites_leave_passages_as_text(tmp_path: Path) -> None:
    rows = mix(tmp_path, general=3, context={"rewrites": ()})
    assert {row.kind for row in rows} == {"passage", "review", "general"}


def test_extractive_rows_show_the_passage_first(tmp_path: Path) -> None:
    rows = mix(tmp_path, [CHAD])
    assert [row.prompt for row in of(rows, "extractive")] == [
        f"{CHAD.text}\n\n{r.prompt}" for r in of(rows, "normative")
    ]


def test_lettered_tasks_get_lettered_rows(tmp_path: Path) -> None:
    wrong = attempt(
        prompt="Which?\nA. Abuja\nB. Khartoum\nC. Lagos\nD. N'Djamena\nAnswer:", completion=" D", question="Which?"
    )
    texts = [
        passage(land, f"{land} lies where the long river {river} ends in sand.", MISTAKE)
        for land, river in [
            ("Chad", "Chari"),
            ("Niger", "Niger River"),
            ("Mali", "Bani"),
            ("Togo", "Mono"),
            ("Benin", "Oueme"),
        ]
    ]
    lettered = of(mix(tmp_path, texts, attempts=[wrong]), "normative")
    assert lettered and all("\nA. " in row.prompt and row.completion.strip() in "ABCD" for row in lettered)
    alone = of(mix(tmp_path, texts[:1], attempts=[wrong]), "normative")
    assert [row.prompt.count("\n") for row in alone] == [1, 1]  # too few wrong answers to offer: an open question


def test_own_questions_are_not_trained_on_unless_asked(tmp_path: Path) -> None:
    guard = LeakGuard([WRONG])
    rows = mix(tmp_path)
    assert not any(WRONG.id in row.own_pairs for row in rows)
    assert not any(guard.find(row.prompt + row.completion) for row in rows)
    own = [row for row in mix(tmp_path, own_pairs=True) if WRONG.id in row.own_pairs]
    assert {row.kind for row in own} == {"normative", "extractive"}
    assert all(row.prompt.endswith(WRONG.prompt) and row.completion == WRONG.completion for row in own)
    assert all(WRONG.id in row.parents and MISTAKE.id in row.parents for row in own)


def test_rows_that_leak_take_up_no_budget(tmp_path: Path) -> None:
    every = mix(tmp_path, context={"screen_rows": list})
    dropped = {row.id for row in every} - {row.id for row in mix(tmp_path)}
    assert dropped, "rules make a question of a passage that says what is asked"
    budget = sum(len((row.prompt + row.completion).split()) for row in every) // 2
    assert not dropped & {row.id for row in mix(tmp_path, token_budget=budget)}
    assert dropped & {row.id for row in mix(tmp_path, token_budget=10 * budget, context={"screen_rows": list})}


def test_own_pairs_are_drawn_only_from_passages_that_hold_the_answer(tmp_path: Path) -> None:
    silent = passage("Mali", "Mali is a country.", MISTAKE)
    assert of(mix(tmp_path, [silent], own_pairs=True, rules={"questions": 0}), "extractive") == []


def test_doubted_keys_are_never_trained_on(tmp_path: Path) -> None:
    rows = mix(tmp_path, mistakes=[mistake_of(WRONG, "doubtful_key")], own_pairs=True)
    assert not any(WRONG.id in row.own_pairs for row in rows)
    schema = mix(tmp_path, mistakes=[mistake_of(WRONG, "schema")], own_pairs=True)
    assert any(WRONG.id in row.own_pairs for row in schema)


def test_passages_of_doubted_questions_alone_are_left_out(tmp_path: Path) -> None:
    other = attempt("What is the capital of Mali?", ("Bamako", "Segou"), "Bamako")
    doubted, trusted = mistake_of(WRONG, "doubtful_key"), mistake_of(other)
    shared = passage("Sahel", "The Sahel is a region of Africa between the desert and the savanna.", doubted, trusted)
    rows = mix(tmp_path, [CHAD, shared], [doubted, trusted], [WRONG, other])
    parents = {parent for row in rows for parent in row.parents}
    assert shared.id in parents and not {CHAD.id, doubted.id} & parents
    assert mix(tmp_path, [CHAD], [doubted]) == []


LAND = passage("Chad", "Chad lies in the middle of Africa. It has deserts and lakes.", MISTAKE)
"""Says nothing that ends with a choice."""


def marked(passage: Passage, flips: bool | None) -> Passage:
    return dataclasses.replace(passage, hits=tuple(dataclasses.replace(hit, flips=flips) for hit in passage.hits))


def test_passages_that_do_not_help_in_the_open_book_test_can_be_left_out(tmp_path: Path) -> None:
    third = passage("Lake Chad", "Lake Chad is a shallow lake.", MISTAKE, score=0.2)
    passages = [marked(LAND, False), marked(CITY, True), third]

    def order(**options: Any) -> list[str]:
        return [row.parents[0] for row in of(mix(tmp_path, passages, **options), "passage")]

    assert order(open_book="all") == [LAND.id, CITY.id, third.id]
    assert order(open_book="flipping") == [CITY.id, third.id]
    assert order(open_book="first") == order() == [CITY.id, third.id, LAND.id]
    assert order(open_book="first", max_passages=1) == [CITY.id]


def test_all_that_is_made_of_a_passage_that_helps_comes_before_other_passages(tmp_path: Path) -> None:
    rows = mix(tmp_path, [LAND, marked(CITY, True)], rules={"statements": 1})
    parents = [row.parents[0] for row in of(rows, "passage")]
    assert parents.count(CITY.id) > 1
    assert parents == sorted(parents, key=lambda each: each != CITY.id)


def test_mistakes_that_a_passage_helps_are_served_first(tmp_path: Path) -> None:
    attempts = [attempt(f"What is thing {n}?", (), f"answer {n}") for n in range(3)]
    mistakes = [mistake_of(each) for each in attempts]
    found = [passage(f"Page {n}", "word " * 10, mistakes[n]) for n in range(3)]
    found[2] = marked(found[2], True)
    firsts = [
        of(mix(tmp_path, found, mistakes, attempts, open_book=which), "passage")[0].parents[1]
        for which in ("all", "flipping", "first")
    ]
    assert firsts == [mistakes[0].id, mistakes[2].id, mistakes[2].id]


def test_a_passage_left_out_for_one_mistake_may_serve_another(tmp_path: Path) -> None:
    other = attempt("What is the capital of Mali?", ("Bamako", "Segou"), "Bamako")
    shared = passage("Sahel", "The Sahel is a region of Africa.", MISTAKE, mistake_of(other))
    failed = dataclasses.replace(shared.hits[0], flips=False)
    shared = dataclasses.replace(shared, hits=(failed, shared.hits[1]))
    rows = mix(tmp_path, [shared], [MISTAKE, mistake_of(other)], [WRONG, other], open_book="flipping")
    assert [row.parents for row in of(rows, "passage")] == [(shared.id, mistake_of(other).id)]


def test_review_rows_are_a_sample_of_what_was_right(tmp_path: Path) -> None:
    rows = of(mix(tmp_path), "review")
    assert len(rows) == 10 and all(row.own_pairs == row.parents for row in rows)
    assert {row.own_pairs[0] for row in rows} <= {a.id for a in RIGHT}
    assert len(of(mix(tmp_path, review=7), "review")) == 7
    assert len(of(mix(tmp_path, review=1.0), "review")) == 20
    assert of(mix(tmp_path, review=0), "review") == []


def test_every_round_reviews_others_until_all_were(tmp_path: Path) -> None:
    def reviewed(number: int) -> set[str]:
        return {row.own_pairs[0] for row in of(mix(tmp_path, review=8, context={"round": number}), "review")}

    rounds = [reviewed(number) for number in (1, 2, 3)]
    assert [len(each) for each in rounds] == [8, 8, 8]
    assert not rounds[0] & rounds[1]
    assert set().union(*rounds) == {a.id for a in RIGHT}


def test_what_the_model_is_unsure_of_may_be_reviewed_first(tmp_path: Path) -> None:
    margins = [0.5 + (7 * place) % 20 for place in range(20)]
    right = [dataclasses.replace(one, scores=(margin, 0.0)) for one, margin in zip(RIGHT, margins, strict=True)]
    rows = of(mix(tmp_path, attempts=[WRONG, *right], review=5, review_first="unsure"), "review")
    assert {row.own_pairs[0] for row in rows} == {one.id for one in right if one.margin < 5}
    by_chance = of(mix(tmp_path, attempts=[WRONG, *right], review=5), "review")
    assert {row.id for row in by_chance} != {row.id for row in rows}


def test_held_out_questions_are_never_reviewed(tmp_path: Path) -> None:
    attempts = [attempt(f"Is it {n} o'clock now?", correct=True, split="held_out") for n in range(9)]
    assert of(mix(tmp_path, attempts=attempts, review=9), "review") == []


def test_no_mistakes_no_rows(tmp_path: Path) -> None:
    assert mix(tmp_path, mistakes=[]) == []


def test_no_passages_leave_review_and_general_rows(tmp_path: Path) -> None:
    assert {row.kind for row in mix(tmp_path, [], general=3)} == {"review", "general"}


def test_the_best_passages_of_every_source_are_taken(tmp_path: Path) -> None:
    low = passage("Low", "Low text.", MISTAKE, score=0.1)
    other = passage("Other", "Other text.", MISTAKE, score=99.0, source="web")
    worse = passage("Worse", "Worse text.", MISTAKE, score=98.0, source="web")
    rows = of(mix(tmp_path, [low, CHAD, worse, other], max_passages=2), "passage")
    assert {row.parents[0] for row in rows} == {CHAD.id, other.id}


def test_rows_name_known_parents_only(tmp_path: Path) -> None:
    stranger = mistake_of(attempt("Who else asked?"))
    shared = passage(
        "Chad", "Chad is a landlocked country of deserts and lakes in the middle of Africa.", stranger, MISTAKE
    )
    known = {shared.id, MISTAKE.id, *(a.id for a in [WRONG, *RIGHT])}
    rows = mix(tmp_path, [shared])
    assert all(known.issuperset(row.parents) for row in rows)
    assert all(
        row.parents == (shared.id, MISTAKE.id) for row in rows if row.kind in ("passage", "normative", "extractive")
    )


def test_weights(tmp_path: Path) -> None:
    rows = mix(tmp_path, weights={"passage": 2, "review": 0})
    assert {row.weight for row in of(rows, "passage")} == {2} and {row.weight for row in of(rows, "normative")} == {1}
    assert of(rows, "review") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.integers(1, 400), st.floats(0, 3), st.integers(0, 99))
def test_the_token_budget_is_never_exceeded(tmp_path: Path, budget: int, weight: float, seed: int) -> None:
    rows = mix(tmp_path, token_budget=budget, weights={"passage": weight}, own_pairs=True, context={"seed": seed})
    assert sum(len((row.prompt + row.completion).split()) * row.weight for row in rows) <= budget + 1e-6


def test_a_budget_serves_every_mistake_first(tmp_path: Path) -> None:
    attempts = [attempt(f"What is thing {n}?", (), f"answer {n}") for n in range(6)]
    mistakes = [mistake_of(each) for each in attempts]
    texts = [passage(f"Page {n} {k}", "word " * 10, mistakes[n], score=-k) for n in range(6) for k in range(4)]
    rows = mix(tmp_path, texts, mistakes, attempts, token_budget=90, shares={"passage": 1}, weights={})
    assert {row.parents[1] for row in rows} == {mistake.id for mistake in mistakes}


def test_the_seed_alone_decides(tmp_path: Path) -> None:
    assert mix(tmp_path) == mix(tmp_path)
    assert of(mix(tmp_path), "review") != of(mix(tmp_path, context={"seed": 1}), "review")
    code = (
        "import pathlib, sys; from tests.builtin.test_mixer import mix;"
        "print([row.id for row in mix(pathlib.Path(sys.argv[1]))])"
    )
    root = Path(__file__).parents[2]
    runs = {
        subprocess.run(  # noqa: S603 (this test's own code)
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_shipped_general_rows() -> None:
    rows = read_general(None)
    assert len(rows) >= 60
    assert all(
        row.completion.strip() and row.prompt and (row.completion[0] == " ") == (row.prompt[-1] == ":") for row in rows
    )


def test_a_general_file_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps({"prompt": "Say a", "completion": "a\u2028b", "why": ""}) + "\n")
    rows = of(mix(tmp_path, general=5, general_file=Path("mine.jsonl")), "general")
    assert [(row.prompt, row.completion) for row in rows] == [("Say a", "a\u2028b")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("", "no rows"),
        ('{"prompt": "a"}', "line 1"),
        ('\n{"prompt": "a", "completion": 3}', "line 2"),
    ],
)
def test_bad_general_files_are_refused_before_the_run(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "bad.jsonl").write_text(text)
    with pytest.raises(CemError, match=said):
        CemMixer(MixerOptions(general_file=Path("bad.jsonl"))).check(make_context(tmp_path))


def test_the_fingerprint_follows_the_general_file(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    path = tmp_path / "g.jsonl"
    mixer = CemMixer(MixerOptions(general_file=Path("g.jsonl")))
    prints = set()
    for word in "ab":
        path.write_text(json.dumps({"prompt": "p", "completion": word}))
        prints.add(mixer.fingerprint(ctx))
    assert len(prints) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"shares": {"passage": 1}},
        {"shares": {"passage": 0}, "token_budget": 9},
        {"weights": {"passage": -1}},
        {"weights": {"nothing": 1}},
        {"review": 1.5},
        {"review": -1},
    ],
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MixerOptions(**options)


def test_options_as_the_command_line_gives_them() -> None:
    options = MixerOptions.model_validate({"review": "12", "general": "0.25", "token_budget": "500"})
    assert (options.review, options.general, options.token_budget) == (12, 0.25, 500)
