"""How fast is our evaluation against lm-eval's own? The same tasks both ways, in one process, models loaded.

    python benchmarks/speed/evaluation.py [--repeats 3] [--out FILE.json]

Both ways are lm-eval's `simple_evaluate`, once with its `hf` model in batches of 16 and once with ours. Questions are
the embedded Factbook's, four choices each: without examples, with the same five before each question (as MMLU has
them), and with five drawn anew for each (lm-eval's default). Every repeat takes other questions, and the two ways take
turns at going first. Reported are seconds a question, their ratio in each pair, and every answer that differs.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_lm_eval import models
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model

BATCH = 16
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
    "5 shots, drawn for each, float32": {"dtype": "float32", "shots": 5, "questions": 8},
}

Samples = Mapping[int, tuple[int, tuple[float, ...]]]
"""By question: the choice taken, and the log-likelihood of each in nats."""


def write_task(
    folder: Path, name: str, rows: list[dict[str, Any]], examples: list[dict[str, Any]], sampler: str
) -> None:
    """A task for lm-eval, as its users write one."""
    files = {}
    for part, content in (("questions", rows), ("examples", examples)):
        path = folder / f"{name}_{part}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        files[part] = json.dumps(str(path))
    (folder / f"{name}.yaml").write_text(TASK.format(name=name, sampler=sampler, **files), encoding="utf-8")


def ask(lm: Any, name: str, shots: int, folder: Path) -> tuple[Samples, float]:
    """The answers, and the seconds that they took; building the prompts and counting what is right included."""
    with quiet():
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        start = time.perf_counter()
        result = simple_evaluate(lm, tasks=[name], num_fewshot=shots, task_manager=manager, bootstrap_iters=0)
        seconds = time.perf_counter() - start
    samples = {}
    for sample in result["samples"][name]:
        scores = tuple(float(score) for score, _ in sample["filtered_resps"])
        samples[sample["doc_id"]] = scores.index(max(scores)), scores
    return samples, seconds


def measure(repeats: int = 3, model: str = "") -> dict[str, Any]:
    """Of every setting the ratio of lm-eval's time to ours: median, minimum and maximum over `repeats` pairs."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    found = resolve_model(model or str(gguf_path(cache / "embedded")), cache, print)
    questions = make_questions()
    random.Random(0).shuffle(questions)  # noqa: S311 (draws questions; guards nothing)
    examples, asked = questions[:EXAMPLES], iter(questions[EXAMPLES:])
    results: dict[str, Any] = {}
    lms: dict[str, tuple[Any, Any]] = {}
    for label, setting in SETTINGS.items():
        dtype = setting["dtype"]
        if dtype not in lms:
            models.release()
            lms.clear()
            with quiet():
                theirs = HFLM(pretrained=str(found.path), device="cpu", dtype=dtype, batch_size=BATCH)
            lms[dtype] = (theirs, models.load(found, LmEvalOptions(dtype=dtype, device="cpu")))
            with tempfile.TemporaryDirectory() as folder:  # first calls are slower
                write_task(Path(folder), "warm_up", [next(asked) for _ in range(8)], examples, "default")
                for lm in lms[dtype]:
                    ask(lm, "warm_up", 0, Path(folder))
        results[label] = compare(lms[dtype], setting, repeats, examples, asked)
        print(f"{label}: {results[label]['ratio']['median']} times as fast", flush=True)
    return results


def compare(
    lms: tuple[Any, Any], setting: Mapping[str, Any], repeats: int, examples: Any, asked: Any
) -> dict[str, Any]:
    seconds: tuple[list[float], list[float]] = ([], [])
    same, largest = 0, 0.0
    for number in range(repeats):
        rows = [next(asked) for _ in range(setting["questions"])]
        answers: dict[int, Samples] = {}
        with tempfile.TemporaryDirectory() as folder:
            write_task(Path(folder), "questions", rows, examples, setting.get("sampler", "default"))
            for way in (0, 1) if number % 2 else (1, 0):
                answers[way], taken = ask(lms[way], "questions", setting["shots"], Path(folder))
                seconds[way].append(taken / len(rows))
        same += sum(answers[0][name][0] == answers[1][name][0] for name in answers[0])
        pairs = [zip(answers[0][name][1], answers[1][name][1], strict=True) for name in answers[0]]
        largest = max(largest, *(abs(one - other) for pair in pairs for one, other in pair))
    return {
        "ratio": spread([theirs / ours for theirs, ours in zip(*seconds, strict=True)]),
        "seconds_a_question": {"lm_eval": spread(seconds[0], 4), "ours": spread(seconds[1], 4)},
        "questions": repeats * setting["questions"],
        "same_answer": same,
        "largest_difference_nats": largest,
    }


def spread(values: list[float], digits: int = 2) -> dict[str, float]:
    """Median, minimum and maximum."""
    ends = {"median": statistics.median(values), "minimum": min(values), "maximum": max(values)}
    return {name: round(value, digits) for name, value in ends.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "evaluation_speed.json")
    given = parser.parse_args()
    report = {
        "machine": processor(),
        "model": given.model or "gemma-3-270m-q4_k_m.gguf, dequantized",
        "repeats": given.repeats,
        "batch_of_lm_eval": BATCH,
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "torch", "transformers")},
        "settings": measure(given.repeats, given.model),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
