"""Evaluating a tiny model: what is asked, what is kept of the answers, and that options reach lm-eval."""

import json
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cem_lm_eval import models, plugin, running
from cem_lm_eval.backends import hf
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.library import Library
from cem_lm_eval.specs import parse_tasks
from cem_toolkit.api import Attempt, CemError, Context, Model
from cem_toolkit.run import Stage

Make = Callable[..., str]
LETTERS = (
    "output_type: multiple_choice\ndoc_to_text: \"{{question}}\\nAnswer:\"\ndoc_to_choice: ['A', 'B', 'C', 'D']\n"
    "doc_to_target: answer\n"
)


def options(**chosen: Any) -> Any:
    return LmEval.Options(dtype="float32", device="cpu", **chosen)


def evaluate(task: str, ctx: Context, **chosen: Any) -> list[Attempt]:
    return list(LmEval(options(**chosen)).evaluate([task], ctx))


def prompts(task: str, ctx: Context, **chosen: Any) -> list[str]:
    (loaded,) = Library(parse_tasks([task], ctx.config_folder)).tasks.values()
    return running.build_prompts(loaded, options(**chosen), ctx)


def log_likelihood(model: Model, prompt: str, completion: str) -> float:
    """Reckoned without lm-eval."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.path)
    network = AutoModelForCausalLM.from_pretrained(model.path, dtype=torch.float32)
    start = len(tokenizer(prompt)["input_ids"])
    ids = torch.tensor([tokenizer(prompt + completion)["input_ids"]])
    with torch.no_grad():
        logs = network(ids).logits[0].log_softmax(-1)
    return sum(float(logs[at - 1, ids[0, at]]) for at in range(start, ids.shape[1]))


def test_question_file(write: Make, rows: Any, ctx: Context, tiny: Model, recorder: Any) -> None:
    attempts = evaluate(write("capitals.jsonl", rows), ctx)
    assert [attempt.question for attempt in attempts] == [row["question"] for row in rows]
    first = attempts[0]
    assert (first.task, first.split, first.group) == ("capitals", "", "g1")
    assert first.choices == ("Tirana", "Kabul", "Dushanbe", "Tashkent")
    assert first.gold == "Tirana"
    assert first.prompt == "Question: What is the capital of Afghanistan?\nAnswer:"
    assert first.completion == " Tirana"
    assert first.scores == pytest.approx(
        [log_likelihood(tiny, first.prompt, f" {choice}") for choice in first.choices], abs=1e-4
    )
    for attempt in attempts:
        assert attempt.answer == attempt.choices[max(range(4), key=attempt.scores.__getitem__)]
        assert attempt.correct == (attempt.answer == attempt.gold)
        lengths = [score / len(choice) for score, choice in zip(attempt.scores, attempt.choices, strict=True)]
        by_length = attempt.choices[max(range(4), key=lengths.__getitem__)]
        assert ("acc_norm" in attempt.right_under) == (by_length == attempt.gold)
    assert {attempt.correct for attempt in attempts} == {True, False}
    assert any(attempt.right_under for attempt in attempts if not attempt.correct)
    assert recorder.steps == {"evaluate": [24, 24]}
    assert recorder.lines == []


def test_same_seed_same_attempts(write: Make, rows: Any, ctx: Context) -> None:
    task = write("q.jsonl", rows)
    evaluator = LmEval(options(num_fewshot=2))
    assert evaluator.evaluate([task], ctx) == evaluator.evaluate([task], ctx) == evaluate(task, ctx, num_fewshot=2)


def test_the_model_stays_until_a_stage_trains(
    write: Make, rows: Any, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks: list[weakref.ref[torch.nn.Module]] = []

    def load(*arguments: Any) -> hf.ReportingLM:
        lm = original(*arguments)
        networks.append(weakref.ref(lm.model))
        return lm

    original = hf.load
    monkeypatch.setattr(hf, "load", load)
    evaluate(write("q.jsonl", rows), ctx)
    LmEval(options()).score([("", ["Kabul"])], ctx)
    assert [network() is None for network in networks] == [False]
    plugin.cem_stage_started(Stage(1, "train", ctx.folder, {}))
    assert [network() for network in networks] == [None]


def test_nothing_is_printed(write: Make, rows: Any, ctx: Context, capfd: pytest.CaptureFixture[str]) -> None:
    evaluate(write("q.jsonl", rows), ctx, num_fewshot=1)
    assert capfd.readouterr() == ("", "")


def test_limit(write: Make, rows: Any, ctx: Context) -> None:
    task = write("q.jsonl", rows)
    assert len(evaluate(task, ctx, limit=2)) == 2
    assert len(evaluate(task, ctx, limit=0.5)) == 3


def test_metric_acc_norm_decides_what_is_the_answer(write: Make, rows: Any, ctx: Context) -> None:
    task = write("q.jsonl", rows)
    by_acc, by_norm = evaluate(task, ctx), evaluate(task, ctx, metric="acc_norm")
    assert [attempt.correct for attempt in by_norm] == ["acc_norm" in attempt.right_under for attempt in by_acc]
    assert all(attempt.correct == (attempt.answer == attempt.gold) for attempt in by_norm)


def test_examples_are_other_questions_with_their_answers(write: Make, rows: Any, ctx: Context) -> None:
    task = write("q.jsonl", rows)
    shown = prompts(task, ctx, num_fewshot=5)
    for row, prompt in zip(rows, shown, strict=True):
        *examples, question = prompt.split("\n\n")
        assert question == f"Question: {row['question']}\nAnswer:"
        others = {f"Question: {r['question']}\nAnswer: {r['choices'][r['answer']]}" for r in rows if r is not row}
        assert set(examples) == others
    assert prompts(task, replace(ctx, seed=1), num_fewshot=5) != shown
    zero, two = evaluate(task, ctx), evaluate(task, ctx, num_fewshot=2)
    assert zero[0].scores != two[0].scores
    assert zero[0].prompt == two[0].prompt
    assert zero[0].id == two[0].id


def test_chat_template_and_system_instruction(write: Make, rows: Any, ctx: Context) -> None:
    task, chat = write("q.jsonl", rows), replace(ctx, chat_template=True)
    plain = "Question: What is the capital of Afghanistan?\nAnswer:"
    assert prompts(task, ctx)[0] == plain
    assert prompts(task, chat)[0] == f"<user>{plain}</user><assistant>"
    system = prompts(task, chat, system_instruction="Be brief.")[0]
    assert system == f"<system>Be brief.</system><user>{plain}</user><assistant>"
    off, on = evaluate(task, ctx)[0], evaluate(task, chat)[0]
    assert off.scores != on.scores
    assert (off.prompt, off.completion) == (on.prompt, on.completion)


def test_model_without_chat_template(ctx: Context, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text("{}")
    bare = replace(ctx, chat_template=True, model=Model(name="bare", path=folder, fingerprint="b"))
    with pytest.raises(CemError, match="the model bare has no chat template"):
        LmEval().check(bare)
    LmEval().check(replace(ctx, chat_template=True))


def test_adapter_is_used(write: Make, rows: Any, ctx: Context, tiny: Model, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32), LoraConfig(init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path / "adapter")
    task = write("q.jsonl", rows)
    with_adapter = replace(tiny, fingerprint="adapted", adapter=tmp_path / "adapter")
    assert evaluate(task, ctx)[0].scores != evaluate(task, replace(ctx, model=with_adapter))[0].scores
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    models.release()
    with pytest.raises(CemError, match=r"holds no adapter_model\.safetensors"):
        evaluate(task, replace(ctx, model=with_adapter))


def test_model_that_cannot_be_loaded(write: Make, rows: Any, ctx: Context, tiny: Model, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny.path / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CemError, match=r"the model m in .* cannot be loaded"):
        evaluate(write("q.jsonl", rows), replace(ctx, model=Model(name="m", path=tmp_path, fingerprint="m")))


def test_scores_that_are_no_numbers(write: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    for weights in models.load(ctx.model, options()).model.parameters():
        weights.data.fill_(float("nan"))
    with pytest.raises(CemError, match="scores are not finite numbers"):
        evaluate(write("q.jsonl", rows), ctx)
    assert recorder.lines == []


def test_letters_stand_for_the_texts_of_the_choices(yaml_task: Make, rows: Any, ctx: Context) -> None:
    first = evaluate(yaml_task("letters", rows, LETTERS), ctx)[0]
    assert first.choices == tuple(rows[0]["choices"])
    assert first.gold == "Tirana"
    assert first.answer in first.choices
    assert first.completion == " A"
    assert first.question == rows[0]["question"]


@pytest.mark.parametrize(
    "form",
    [
        lambda texts: {"choices": {"text": texts, "label": list("ABCD")}},
        lambda texts: {"options": texts},
        lambda texts: dict(zip("ABCD", texts, strict=True)),
        lambda texts: dict(zip(("opa", "opb", "opc", "opd"), texts, strict=True)),
    ],
)
def test_where_documents_keep_the_texts(form: Any, yaml_task: Make, rows: Any, ctx: Context) -> None:
    docs = [{"question": row["question"], "answer": row["answer"], **form(row["choices"])} for row in rows]
    assert evaluate(yaml_task("letters", docs, LETTERS), ctx)[1].choices == tuple(rows[1]["choices"])


def test_letters_alone_stay(yaml_task: Make, rows: Any, ctx: Context) -> None:
    docs = [{"question": row["question"], "answer": row["answer"], "sources": row["choices"]} for row in rows]
    assert evaluate(yaml_task("letters", docs, LETTERS), ctx)[0].choices == ("A", "B", "C", "D")


def test_choices_with_prompts_of_their_own(yaml_task: Make, ctx: Context) -> None:
    docs = [{"sentence": "_ is big.", "one": "Rome", "two": "Bern", "label": 1, "end": "is big."}]
    lines = (
        'output_type: multiple_choice\ndoc_to_text: label\ndoc_to_choice: "{{[one, two]}}"\n'
        "doc_to_target: end\nmetric_list: [{metric: acc}]\n"
    )
    (attempt,) = evaluate(yaml_task("grande", docs, lines), ctx)
    assert (attempt.choices, attempt.gold, attempt.question) == (("Rome", "Bern"), "Bern", "_ is big.")
    assert (attempt.prompt, attempt.completion) == ("Bern", " is big.")


def test_questions_without_a_right_answer_are_left_out(yaml_task: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    docs = [{**row, "answer": -1 if number == 2 else row["answer"]} for number, row in enumerate(rows)]
    lines = LETTERS.replace("['A', 'B', 'C', 'D']", "choices")
    assert len(evaluate(yaml_task("t", docs, lines), ctx)) == 5
    assert "task 't': 1 questions without a right answer left out" in recorder.lines


def test_ids_of_questions_that_share_their_words(yaml_task: Make, rows: Any, ctx: Context) -> None:
    docs = [
        {**rows[0], "passage": "One."},
        {**rows[0], "passage": "Two.", "answer": 1},
        {**rows[1], "passage": "Three."},
        {**rows[1], "passage": "Four."},
    ]
    lines = LETTERS.replace("{{question}}", "{{passage}} {{question}}").replace("['A', 'B', 'C', 'D']", "choices")
    attempts = evaluate(yaml_task("t", docs, lines), ctx)
    assert [attempt.prompt.split()[0] for attempt in attempts] == ["One.", "Two.", "Three."]
    assert len({attempt.id for attempt in attempts}) == 3


def test_warnings_that_matter_are_said_once(write: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    long = [{**row, "question": f"{row['question']} " * 60} for row in rows[:3]]
    evaluate(write("q.jsonl", long), ctx)
    (line,) = recorder.lines
    assert line == "lm-eval: 12 prompts are longer than the model's 512 tokens: cut from the left"


def test_attempts_are_json_safe(write: Make, rows: Any, ctx: Context) -> None:
    for attempt in evaluate(write("q.jsonl", rows), ctx):
        assert Attempt.from_json(json.loads(json.dumps(attempt.to_json(), allow_nan=False))) == attempt
