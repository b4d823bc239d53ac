"""Is our evaluation the same as lm-eval's? Asks one model the same questions both ways and compares every answer.

    python benchmarks/same_as_lm_eval.py [--model MODEL] [--questions FILE.jsonl] [--limit 2000]

One way is the `lm_eval` command line on a task file written by hand, in a process of its own; the other is our
evaluator on the plain question file. First in float32, in which every answer must be the same: exits with 1 where one
differs. Then in bfloat16, which rounds so much that answers depend on the order of sums: those that differ are counted
and listed, and for both ways also those that differ from lm-eval's in float32.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_embedded.gemma import gguf_path
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Model, question_id
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context

TASK = """\
task: questions
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_choice: choices
doc_to_target: answer
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""
BATCH = 16

Answers = dict[str, tuple[int, tuple[float, ...], bool]]
"""By question id: the index of the choice taken, the log-likelihood of each choice in nats, whether it was right."""


def ask_lm_eval(model: Path, questions: Path, dtype: str, device: str, folder: Path) -> Answers:
    """What the command line of lm-eval logs."""
    (folder / "tasks").mkdir()
    (folder / "tasks" / "questions.yaml").write_text(TASK.format(path=json.dumps(str(questions))), encoding="utf-8")
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf"]
    command += ["--model_args", f"pretrained={model},dtype={dtype}", "--device", device, "--batch_size", str(BATCH)]
    command += ["--tasks", "questions", "--include_path", str(folder / "tasks")]
    command += ["--log_samples", "--output_path", str(folder / "out")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (log,) = (folder / "out").rglob("samples_questions_*.jsonl")
    answers: Answers = {}
    for line in log.read_text(encoding="utf-8").split("\n"):
        if line:
            sample = json.loads(line)
            scores = tuple(float(score) for score, _ in sample["filtered_resps"])
            name = question_id(sample["doc"]["question"], sample["doc"]["choices"])
            answers[name] = (scores.index(max(scores)), scores, sample["acc"] == 1)
    return answers


def ask_us(model: Path, questions: Path, dtype: str, device: str, folder: Path) -> Answers:
    """What our evaluator makes of the plain file."""
    ctx = make_context(folder, model=Model(name=model.name, path=model, fingerprint=model.name))
    evaluator = LmEval(LmEval.Options(dtype=dtype, device=device, batch_size=BATCH))
    evaluator.check_tasks([str(questions)], ctx)

    def answer(attempt: Attempt) -> tuple[int, tuple[float, ...], bool]:
        return attempt.choices.index(attempt.answer), attempt.scores, attempt.correct

    return {attempt.id: answer(attempt) for attempt in evaluator.evaluate([str(questions)], ctx)}


def differing(theirs: Answers, ours: Answers) -> list[str]:
    """Questions whose answers differ, by id; one that only one of them has counts as differing."""
    return sorted(name for name in theirs | ours if theirs.get(name, ())[::2] != ours.get(name, ())[::2])


def compare(theirs: Answers, ours: Answers) -> dict[str, Any]:
    """Both results side by side."""
    scores = [(theirs[name][1], ours[name][1]) for name in theirs.keys() & ours.keys()]
    return {
        "differing": differing(theirs, ours),
        "right_by_lm_eval": sum(right for _, _, right in theirs.values()),
        "right_by_us": sum(right for _, _, right in ours.values()),
        "largest_score_difference_nats": max(
            abs(one - other) for pair in scores for one, other in zip(*pair, strict=True)
        ),
    }


def read_rows(questions: Path | None, limit: int) -> list[dict[str, Any]]:
    """The first questions of a file, or of the embedded Factbook: as the toolkit asks them, then with other choices."""
    if questions is None:
        from cem_embedded.factbook import make_questions

        made = {question_id(row["question"], row["choices"]): row for seed in (0, 1, 2) for row in make_questions(seed)}
        rows = list(made.values())
    else:
        rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").split("\n") if line.strip()]
    return rows[:limit]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--questions", type=Path, help="multiple choice as .jsonl (default: the embedded questions)")
    parser.add_argument("--limit", type=int, default=2000, help="ask only the first so many")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "same_as_lm_eval.json")
    args = parser.parse_args()
    rows = read_rows(args.questions, args.limit)
    cache = Path("~/.cache/cem-toolkit").expanduser()
    model = resolve_model(args.model or str(gguf_path(cache / "embedded")), cache, print).path.resolve()
    answers: dict[str, tuple[Answers, Answers]] = {}
    compared: dict[str, dict[str, Any]] = {}
    for dtype in ("float32", "bfloat16"):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            questions = folder / "questions.jsonl"
            questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            ways = (ask_lm_eval, ask_us)
            theirs, ours = answers[dtype] = tuple(ask(model, questions, dtype, args.device, folder) for ask in ways)
        compared[dtype] = compare(theirs, ours)
        print(dtype, compared[dtype], flush=True)
    exact = answers["float32"][0]
    compared["bfloat16"]["differing_from_float32"] = {
        way: len(differing(exact, found)) for way, found in zip(("lm_eval", "us"), answers["bfloat16"], strict=True)
    }
    weights = hashlib.sha256()
    for file in sorted(model.glob("*.safetensors")):
        weights.update(file.read_bytes())
    result = {
        "machine": processor(),
        "model": args.model or "gemma-3-270m-q4_k_m.gguf, dequantized",
        "weights_sha256": weights.hexdigest(),
        "source": args.questions.name if args.questions else "cem-embedded",
        "questions": len(exact),
        "device": args.device,
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "transformers", "torch")},
        **compared,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 1 if compared["float32"]["differing"] else 0


if __name__ == "__main__":
    sys.exit(main())
