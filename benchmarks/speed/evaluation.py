"""How fast is our evaluation against lm-eval's own? The same tasks both ways, in one process, models loaded.

    python benchmarks/speed/evaluation.py [--repeats 3] [--device cpu] [--out FILE.json]

One way is lm-eval's `simple_evaluate` with its `hf` model in batches of 16, the other our evaluator. Questions are
the embedded Factbook's, four choices each: without examples, with the same five before each question (as MMLU has
them), and with five drawn anew for each (lm-eval's default). Every repeat takes other questions, or other choices, and
the two ways take turns at going first. Reported are seconds a question, their ratio in each pair, and how many answers
are the same. On a GPU there are eight times as many questions, and lm-eval has batches of 16 or 64, the faster of both.
"""

import argparse
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from spread import spread

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_lm_eval import models
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.api import Model
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context

BATCH = 16
SEED = 1234
"""lm-eval's default, by which examples are drawn."""
WARM_UP = 8
"""Questions asked before: first calls are slower."""
GPU_BATCHES = (16, 64)
EXAMPLES = 200
"""Questions that solved examples are drawn from; none of them is asked."""
TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{train: {examples}, test: {questions}}}}}
training_split: train
test_split: test
fewshot_split: train
fewshot_config: {{sampler: {sampler}}}
output_type: multiple_choice
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_choice: choices
doc_to_target: answer
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""
SETTINGS: dict[str, dict[str, Any]] = {
    "zero-shot, bfloat16": {"dtype": "bfloat16", "shots": 0, "questions": 96},
    "5 shots, the same for all, bfloat16": {"dtype": "bfloat16", "shots": 5, "sampler": "first_n", "questions": 32},
    "5 shots, drawn for each, bfloat16": {"dtype": "bfloat16", "shots": 5, "questions": 16},
    "zero-shot, float32": {"dtype": "float32", "shots": 0, "questions": 48},
    "5 shots, the same for all, float32": {"dtype": "float32", "shots": 5, "sampler": "first_n", "questions": 16},
}

GPU_SETTINGS = {label: {**setting, "questions": 8 * setting["questions"]} for label, setting in SETTINGS.items()}

Rows = list[dict[str, Any]]
Scores = list[tuple[float, ...]]
"""Of each question the log-likelihoods of its choices, in nats."""


def write_task(folder: Path, name: str, rows: Rows, examples: Rows, setting: Mapping[str, Any]) -> Path:
    """A task for lm-eval, as its users write one."""
    files = {}
    for part, content in (("questions", rows), ("examples", examples)):
        path = folder / f"{name}_{part}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        files[part] = json.dumps(str(path))
    task = folder / f"{name}.yaml"
    task.write_text(TASK.format(name=name, sampler=setting.get("sampler", "default"), **files), encoding="utf-8")
    return task


def ask_lm_eval(lm: Any, task: Path, shots: int) -> tuple[Scores, float]:
    """lm-eval's scores, and the seconds that they took; building the prompts and counting what is right included."""
    with quiet():
        manager = TaskManager(include_path=str(task.parent), include_defaults=False)
        start = time.perf_counter()
        result = simple_evaluate(
            lm, tasks=[task.stem], num_fewshot=shots, task_manager=manager, bootstrap_iters=0, fewshot_random_seed=SEED
        )
        seconds = time.perf_counter() - start
    samples = sorted(result["samples"][task.stem], key=lambda sample: sample["doc_id"])
    return [tuple(float(score) for score, _ in sample["filtered_resps"]) for sample in samples], seconds


def ask_us(evaluator: LmEval, task: Path, model: Model) -> tuple[Scores, float]:
    """The same by our evaluator."""
    ctx = make_context(task.parent, model=model, seed=SEED)
    start = time.perf_counter()
    attempts = list(evaluator.evaluate([str(task)], ctx))
    seconds = time.perf_counter() - start
    return [attempt.scores for attempt in attempts], seconds


def draw_questions() -> tuple[Rows, Iterator[dict[str, Any]]]:
    """Examples, and questions without end: all there are, then all with other wrong choices, and so on."""
    questions = make_questions()
    random.Random(0).shuffle(questions)  # noqa: S311 (draws questions; guards nothing)
    examples = questions[:EXAMPLES]
    solved = {row["question"] for row in examples}

    def drawn() -> Iterator[dict[str, Any]]:
        for seed in itertools.count():
            rows = make_questions(seed)
            random.Random(seed).shuffle(rows)  # noqa: S311
            yield from (row for row in rows if row["question"] not in solved)

    return examples, drawn()


def measure(
    repeats: int = 3, model: str = "", device: str = "cpu", tell: Callable[[dict[str, Any]], Any] = lambda results: None
) -> dict[str, Any]:
    """Of every setting the ratio of lm-eval's time to ours: median, minimum and maximum over `repeats` pairs, in the
    slower format one less. `tell` is told of the results so far after each setting."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    found = resolve_model(model or str(gguf_path(cache / "embedded")), cache, print)
    examples, asked = draw_questions()
    results: dict[str, Any] = {}
    stock: dict[str, Any] = {}
    for label, setting in (SETTINGS if device == "cpu" else GPU_SETTINGS).items():
        dtype = setting["dtype"]
        if dtype not in stock:
            stock.clear()
            with quiet():
                stock[dtype] = HFLM(pretrained=str(found.path), device=device, dtype=dtype, batch_size=BATCH)
        ours = LmEval(LmEvalOptions(dtype=dtype, device=device, num_fewshot=setting["shots"]))
        pairs = repeats if dtype == "bfloat16" else max(1, repeats - 1)
        results[label] = compare(stock[dtype], ours, found, setting, pairs, examples, asked)
        print(f"{label}: {results[label]['ratio']['median']} times as fast", flush=True)
        tell(results)
    models.release()
    return results


def compare(
    stock: HFLM,
    ours: LmEval,
    model: Model,
    setting: Mapping[str, Any],
    repeats: int,
    examples: Rows,
    asked: Iterator[dict[str, Any]],
) -> dict[str, Any]:
    seconds: tuple[list[float], list[float]] = ([], [])
    same, largest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        numbers = itertools.count()

        def ask(way: int, task: Path) -> tuple[Scores, float]:
            return ask_us(ours, task, model) if way else ask_lm_eval(stock, task, setting["shots"])

        def write(count: int) -> Path:
            rows: dict[str, dict[str, Any]] = {}  # a task with a question twice would have it once
            while len(rows) < count:
                row = next(asked)
                rows[row["question"]] = row
            return write_task(Path(folder), f"questions_{next(numbers)}", list(rows.values()), examples, setting)

        warm_up = write(WARM_UP)  # loads our model, too
        for way in (0, 1):
            ask(way, warm_up)
        if stock.device.type != "cpu":
            stock.batch_size_per_gpu = fastest_batch(stock, write(setting["questions"]), setting["shots"])
        for number in range(repeats):
            task = write(setting["questions"])
            scores: dict[int, Scores] = {}
            for way in (0, 1) if number % 2 else (1, 0):
                scores[way], taken = ask(way, task)
                seconds[way].append(taken / setting["questions"])
            for theirs, own in zip(scores[0], scores[1], strict=True):
                same += theirs.index(max(theirs)) == own.index(max(own))
                largest = max(largest, *(abs(one - other) for one, other in zip(theirs, own, strict=True)))
    return {
        "ratio": spread([theirs / own for theirs, own in zip(*seconds, strict=True)]),
        "seconds_a_question": {"lm_eval": spread(seconds[0], 4), "ours": spread(seconds[1], 4)},
        "batch_of_lm_eval": stock.batch_size_per_gpu,
        "questions": repeats * setting["questions"],
        "same_answer": same,
        "largest_difference_nats": largest,
    }


def fastest_batch(lm: HFLM, task: Path, shots: int) -> int:
    """The size of batches with which lm-eval is done first."""
    taken = {}
    for size in GPU_BATCHES:
        lm.batch_size_per_gpu = size
        _, taken[size] = ask_lm_eval(lm, task, shots)
    return min(taken, key=lambda size: taken[size])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "evaluation_speed.json")
    given = parser.parse_args()
    report: dict[str, Any] = {
        "machine": processor() if given.device == "cpu" else torch.cuda.get_device_name(),
        "model": given.model or "gemma-3-270m-q4_k_m.gguf, dequantized",
        "repeats": given.repeats,
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "torch", "transformers")},
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)

    def write(results: dict[str, Any]) -> None:  # at once: a machine may be lent for less time than all takes
        given.out.write_text(json.dumps(report | {"settings": results}, indent=2) + "\n", encoding="utf-8")

    measure(given.repeats, given.model, given.device, write)
    print(given.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
