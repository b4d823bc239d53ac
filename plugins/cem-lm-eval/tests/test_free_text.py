"""Free text: what counts as right, under which filter, and generating for others."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

from cem_lm_eval import models, plugin
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.matching import matches
from cem_toolkit.api import Attempt, CemError, Context
from cem_toolkit.run import Stage

Make = Callable[..., str]
SUMS = [{"question": f"What is {number} + 1?", "answer": str(number + 1)} for number in range(4)]
GSM = """\
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], do_sample: false, max_gen_toks: 8}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
filter_list:
  - name: strict-match
    filter: [{function: regex, regex_pattern: "#### (\\\\-?[0-9]+)"}, {function: take_first}]
  - name: flexible-extract
    filter: [{function: regex, group_select: -1, regex_pattern: "(-?[0-9]+)"}, {function: take_first}]
"""


def evaluate(task: str, ctx: Context, **chosen: Any) -> list[Attempt]:
    return list(LmEval(LmEval.Options(dtype="float32", device="cpu", **chosen)).evaluate([task], ctx))


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the model answer everything by one text."""

    def says(text: str) -> None:
        monkeypatch.setattr(HFLM, "generate_until", lambda self, requests, disable_tqdm: [text] * len(requests))

    return says


def test_question_file_without_choices(write: Make, ctx: Context, says: Callable[[str], None]) -> None:
    task = write("sums.jsonl", [*SUMS, {"question": "Largest city?", "answer": "New York"}])
    says(" the new  york.")
    *sums, city = evaluate(task, ctx)
    assert not any(attempt.correct for attempt in sums)
    assert city.correct
    assert (city.gold, city.answer, city.choices, city.scores) == ("New York", "the new  york.", (), ())
    assert (city.prompt, city.completion) == ("Question: Largest city?\nAnswer:", " New York")


def test_the_model_itself_generates(write: Make, ctx: Context, recorder: Any) -> None:
    task = write("sums.jsonl", SUMS)
    short, long = evaluate(task, ctx, max_gen_toks=1), evaluate(task, ctx)
    assert all(attempt.answer for attempt in long)
    assert all("\n" not in attempt.answer for attempt in long)
    assert sum(len(attempt.answer) for attempt in short) < sum(len(attempt.answer) for attempt in long)
    assert recorder.steps == {"evaluate": [4, 4]}


def test_other_filters_and_forms_are_named(yaml_task: Make, ctx: Context, says: Callable[[str], None]) -> None:
    task = yaml_task("gsm", SUMS, GSM)
    says(" It is $3.")
    attempts = evaluate(task, ctx)
    assert [attempt.correct for attempt in attempts] == [False] * 4
    assert [attempt.right_under for attempt in attempts] == [(), (), ("flexible-extract", "number"), ()]
    assert attempts[0].answer == "It is $3."  # the strict filter finds nothing in it
    flexible = evaluate(task, ctx, filter="flexible-extract")
    assert [attempt.correct for attempt in flexible] == [False, False, True, False]
    assert flexible[2].answer == "3"
    says(" #### 3")
    assert [attempt.correct for attempt in evaluate(task, ctx)] == [False, False, True, False]


def test_several_right_texts(yaml_task: Make, ctx: Context, says: Callable[[str], None]) -> None:
    docs = [{"question": "Capital?", "answers": ["Rome", "Roma"]}, {"question": "River?", "answers": ["Po", "Padus"]}]
    task = yaml_task("t", docs, "doc_to_text: question\ndoc_to_target: answers\nmetric_list: [{metric: exact_match}]\n")
    says("Roma")
    rome, po = evaluate(task, ctx)
    assert (rome.correct, rome.gold, rome.completion, po.correct) == (True, "Rome", " Rome", False)


def test_going_on_with_the_right_text(yaml_task: Make, ctx: Context) -> None:
    lines = (
        "output_type: loglikelihood\ndoc_to_text: question\ndoc_to_target: ' {{answer}}'\n"
        "metric_list: [{metric: acc}]\n"
    )
    first = evaluate(yaml_task("t", SUMS, lines), ctx)[0]
    assert (first.completion, first.correct, first.answer) == (" 1", False, "")


def test_metric_that_is_not_zero_or_one(yaml_task: Make, ctx: Context, write: Make) -> None:
    write("tasks/rate.py", "def rate(doc, results):\n    return {'closeness': 0.5, 'exact_match': 0}\n")
    lines = (
        "doc_to_text: question\ndoc_to_target: answer\nprocess_results: !function rate.rate\n"
        "metric_list: [{metric: closeness, aggregation: mean, higher_is_better: true}]\n"
    )
    task = yaml_task("t", SUMS, lines)
    with pytest.raises(CemError, match=r"'closeness' is 0\.5 for a question, .* there are closeness, exact_match"):
        evaluate(task, ctx)


@pytest.mark.parametrize(
    ("output", "gold", "found"),
    [
        ("The  Nile!", "nile", ("normalised", "first_line")),
        ("\n Nile.\nQuestion: what else", "The Nile", ("first_line",)),
        ("so 1,200 is it", "x #### 1200", ("number",)),
        ("$1200.00", "1200", ("number",)),
        ("Nile", "Amazon", ()),
        ("", "", ()),
        ("...", "!", ()),
        ("room 7", "house 7", ()),
    ],
)
def test_matches(output: str, gold: str, found: tuple[str, ...]) -> None:
    assert matches(output, [gold]) == found


def test_generate_keeps_the_model_until_a_stage_trains(ctx: Context, recorder: Any) -> None:
    evaluator = LmEval(LmEval.Options(dtype="float32", device="cpu"))
    first = evaluator.generate(["The capital of Italy is", "2 + 2 ="], 5, ctx)
    assert recorder.steps == {"generate": [2, 2]}
    (kept,) = models._held.values()
    assert evaluator.generate(["2 + 2 =", "The capital of Italy is"], 5, ctx) == first[::-1]
    assert list(models._held.values()) == [kept]
    assert len(evaluator.generate(["2 + 2 ="], 50, ctx)[0]) > len(first[1])
    other = replace(ctx, model=replace(ctx.model, fingerprint="other"))
    evaluator.generate(["2 + 2 ="], 5, other)
    assert kept not in models._held.values()
    plugin.cem_stage_started(Stage(1, "train", ctx.folder, {}))
    assert not models._held
    assert evaluator.generate([], 5, ctx) == []


def test_answers_longer_than_the_model_reads(ctx: Context) -> None:
    with pytest.raises(CemError, match="answers of 512 tokens leave no room in the model's 512"):
        LmEval(LmEval.Options(dtype="float32", device="cpu")).generate(["2 + 2 ="], 512, ctx)


def test_generate_applies_the_chat_template(ctx: Context) -> None:
    evaluator = LmEval(LmEval.Options(dtype="float32", device="cpu"))
    chat = replace(ctx, chat_template=True)
    assert evaluator.generate(["2 + 2 ="], 9, chat) == evaluator.generate(["<user>2 + 2 =</user><assistant>"], 9, ctx)
