"""Question files: every kind of file, and every mistake in them named by its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.questions import read_questions
from cem_toolkit.api import CemError, Context

GOOD = {"question": "What is the capital of Italy?", "choices": ["Rome", "Milan"], "answer": 0}
Write = Callable[[str, Any], str]


def test_reads_jsonl_with_index_or_text_as_answer(write: Write, tmp_path: Path) -> None:
    write("q.jsonl", [GOOD, {**GOOD, "question": "And its largest in the north?", "answer": "Milan", "group": "Italy"}])
    first, second = read_questions(tmp_path / "q.jsonl").questions
    assert (first.gold, first.group, first.place) == ("Rome", "", "line 1")
    assert (second.gold, second.group, second.choices) == ("Milan", "Italy", ("Rome", "Milan"))


@pytest.mark.parametrize(
    "text",
    [
        'question,choices,answer\n"Capital, of Italy?","[""Rome"", ""Milan""]",0\n',
        'question,choice_1,choice_2,choice_3,answer\n"Capital, of Italy?",Rome,Milan,,Rome\n',
        'question,a,b,answer\n"Capital, of Italy?",Rome,Milan,a\n',
        'question,A,B,answer\n"Capital, of Italy?",Rome,Milan,A\n',
        '\ufeffquestion,a,b,answer\r\n"Capital, of Italy?",Rome,Milan,0\r\n',
    ],
)
def test_reads_csv(text: str, write: Write, tmp_path: Path) -> None:
    write("q.csv", text)
    (question,) = read_questions(tmp_path / "q.csv").questions
    assert (question.question, question.choices, question.gold) == ("Capital, of Italy?", ("Rome", "Milan"), "Rome")


def test_csv_line_numbers_count_line_breaks_inside_fields(write: Write, tmp_path: Path) -> None:
    write("q.csv", 'question,a,b,answer\n"one\ntwo",x,y,x\nthree,x,y,z\n')
    with pytest.raises(CemError, match="line 4: the answer 'z' is none of the choices"):
        read_questions(tmp_path / "q.csv")


def test_reads_parquet(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist([GOOD]), tmp_path / "q.parquet")
    (question,) = read_questions(tmp_path / "q.parquet").questions
    assert (question.choices, question.gold, question.place) == (("Rome", "Milan"), "Rome", "row 1")


def test_without_choices_it_is_free_text(write: Write, tmp_path: Path) -> None:
    write(
        "q.jsonl",
        [{"question": "2 + 2?", "answer": 4}, {"question": "Capital of Italy?", "choices": [], "answer": "Rome"}],
    )
    file = read_questions(tmp_path / "q.jsonl")
    assert not file.is_multiple_choice
    assert [question.gold for question in file.questions] == ["4", "Rome"]


BAD = {
    "missing column": (
        [{"query": "?", "answer": 0}],
        "line 1: no column 'question'; the columns are 'query', 'answer'",
    ),
    "missing answer": ([GOOD, {"question": "?", "choices": ["x", "y"]}], "line 2: no column 'answer'"),
    "empty file": ("", "holds no questions"),
    "empty question": ([{**GOOD, "question": " "}], "line 1: the question is empty"),
    "text that is no choice": (
        [GOOD, {**GOOD, "answer": "Paris"}],
        "line 2: the answer 'Paris' is none of the choices",
    ),
    "index out of range": (
        [{**GOOD, "answer": 2}],
        r"line 1: the answer 2 is none of the choices; give the index \(0 to 1\)",
    ),
    "negative index": ([{**GOOD, "answer": -1}], "line 1: the answer -1 is none of the choices"),
    "truth value": ([{**GOOD, "answer": True}], "line 1: the answer True is none of the choices"),
    "no answer": ([{**GOOD, "answer": None}], "line 1: the answer None is none of the choices"),
    "one choice": ([{**GOOD, "choices": ["Rome"]}], "line 1: fewer than two choices"),
    "same choice twice": ([{**GOOD, "choices": ["Rome", "Rome "]}], "line 1: the choice 'Rome' stands there twice"),
    "empty choice": ([{**GOOD, "choices": ["Rome", ""]}], "line 1: choice 1 is empty"),
    "choices no list": ([{**GOOD, "choices": {"a": 1}}], "line 1: the choices are not a list"),
    "contradiction": (
        [GOOD, {**GOOD, "question": "Other?"}, {**GOOD, "question": "what is the  capital of Italy?", "answer": 1}],
        "line 3: the same question as line 1 with another answer",
    ),
    "free text among choices": ([GOOD, {"question": "?", "answer": "x"}], "line 2: has no choices, unlike line 1"),
    "free text without answer": ([{"question": "?", "answer": ""}], "line 1: the answer is empty"),
    "not JSON": (json.dumps(GOOD) + "\n{oops\n", "line 2: not JSON"),
    "no object": ("[1]\n", "line 1: a list, not a JSON object"),
    "not UTF-8": (b'{"question": "x"}\n\xff\xfe\n', "line 2: not UTF-8"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_names_the_line_of_a_mistake(content: Any, message: str, write: Write, ctx: Context) -> None:
    with pytest.raises(CemError, match=message) as raised:
        LmEval().check_tasks([write("q.jsonl", content)], ctx)
    assert "q.jsonl" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,a,b\nx,1,2\n", "no column 'answer'"),
        ("question,a,b,answer\nx,1\n", "line 2: not as many fields"),
        ("question,a,b,answer\nx,1,2,a,9\n", "line 2: not as many fields"),
        ('question,choices,answer\nx,"Rome, Milan",0\n', "line 2: the choices are not a JSON list"),
        ("question,a,b,answer\nx,1,0,1\n", "line 2: the answer '1' is one choice's text and another's index"),
        ('question,a,b,answer\n"x"y,1,2,a\n', "not CSV"),
    ],
)
def test_names_the_line_of_a_mistake_in_csv(text: str, message: str, write: Write, ctx: Context) -> None:
    with pytest.raises(CemError, match=message):
        LmEval().check_tasks([write("q.csv", text)], ctx)


def test_a_broken_parquet_file(write: Write, ctx: Context) -> None:
    with pytest.raises(CemError, match=r"q\.parquet: not a Parquet file"):
        LmEval().check_tasks([write("q.parquet", "PAR0")], ctx)


def test_duplicates_are_left_out_and_logged_once(write: Write, ctx: Context, recorder: Any) -> None:
    name = write(
        "q.jsonl",
        [GOOD, GOOD, {**GOOD, "question": "what is the capital of ITALY?", "choices": ["Milan", "Rome"], "answer": 1}],
    )
    LmEval().check_tasks([name], ctx)
    assert recorder.lines == ["q.jsonl: left out 2 questions that stand there twice"]
    assert LmEval().count_questions([name], ctx)["q"][0] == 1


def test_questions_that_differ_by_signs_only_are_no_contradiction(write: Write, tmp_path: Path) -> None:
    sums = [
        {"question": f"What is 5 {sign} 3?", "choices": ["8", "2"], "answer": answer}
        for sign, answer in (("+", 0), ("-", 1))
    ]
    write("q.jsonl", sums)
    assert len(read_questions(tmp_path / "q.jsonl").questions) == 2


def test_too_few_questions_for_the_examples(write: Write, ctx: Context) -> None:
    with pytest.raises(CemError, match="too few to show 1 others"):
        LmEval(LmEval.Options(num_fewshot=1)).check_tasks([write("q.jsonl", [GOOD])], ctx)
