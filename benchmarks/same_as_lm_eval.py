"""Is our evaluation the same as lm-eval's? Asks one model the same questions both ways and compares every answer.

    python benchmarks/same_as_lm_eval.py --model FOLDER [--questions FILE.jsonl] [--limit N]

One way is the `lm_eval` command line on a task file written by hand, in a process of its own; the other is our
evaluator on the plain question file. Exits with 1 where any answer differs.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_embedded.gemma import gguf_path
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Model, question_id
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


def compare(theirs: Answers, ours: Answers) -> dict[str, Any]:
    """Both results side by side; a question that only one of them has counts as differing."""
    differing = sorted(name for name in theirs | ours if theirs.get(name, ())[::2] != ours.get(name, ())[::2])
    scores = [(theirs[name][1], ours[name][1]) for name in theirs.keys() & ours.keys()]
    return {
        "questions": len(theirs | ours),
        "equal_answers": len(theirs | ours) - len(differing),
        "differing": differing,
        "right_by_lm_eval": sum(right for _, _, right in theirs.values()),
        "right_by_us": sum(right for _, _, right in ours.values()),
        "largest_score_difference_nats": max(
            abs(one - other) for pair in scores for one, other in zip(*pair, strict=True)
        ),
    }


def timed(ask: Any, *arguments: Any) -> tuple[Answers, float]:
    start = time.monotonic()
    return ask(*arguments), round(time.monotonic() - start, 1)


def read_rows(questions: Path | None, limit: int | None) -> list[dict[str, Any]]:
    """The questions of a file, or of the embedded Factbook."""
    if questions is None:
        from cem_embedded.factbook import make_questions

        rows = make_questions()
    else:
        rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").split("\n") if line.strip()]
    return rows[:limit]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--questions", type=Path, help="multiple choice as .jsonl (default: the embedded questions)")
    parser.add_argument("--limit", type=int, help="ask only the first so many")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "same_as_lm_eval.json")
    args = parser.parse_args()
    rows = read_rows(args.questions, args.limit)
    cache = Path("~/.cache/cem-toolkit").expanduser()
    model = resolve_model(args.model or str(gguf_path(cache / "embedded")), cache, print).path.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        questions = folder / "questions.jsonl"
        questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        theirs, their_seconds = timed(ask_lm_eval, model, questions, args.dtype, args.device, folder)
        ours, our_seconds = timed(ask_us, model, questions, args.dtype, args.device, folder)
    weights = hashlib.sha256()
    for file in sorted(model.glob("*.safetensors")):
        weights.update(file.read_bytes())
    result = {
        "model": args.model or "gemma-3-270m-q4_k_m.gguf, dequantized",
        "weights_sha256": weights.hexdigest(),
        "source": args.questions.name if args.questions else "cem-embedded",
        "dtype": args.dtype,
        "device": args.device,
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "transformers", "torch")},
        **compare(theirs, ours),
        "seconds_lm_eval": their_seconds,
        "seconds_us": our_seconds,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 1 if result["differing"] else 0


if __name__ == "__main__":
    sys.exit(main())
