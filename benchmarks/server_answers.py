"""Does a model behind an OpenAI-compatible server answer as it does in this process?

    python benchmarks/server_answers.py [--limit 60] [--command "SERVER … {model} … {port} … {name}"] [--keep]

The same questions are asked by the evaluator's back ends `hf` and `local-completions`, both in float32 on the CPU. The
server is the small one of this project's tests, or by `--command` any other, such as llama.cpp's. Exits with 1 where an
answer differs. `--keep` adds the result to those of other servers in the file instead of replacing them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_lm_eval import models
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Context
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context

OWN = Path(__file__).parents[1] / "plugins" / "cem-lm-eval" / "tests" / "completions.py"
COMMAND = f"{sys.executable} {OWN} --model {{model}} --port {{port}} --name {{name}}"


def ask(questions: Path, ctx: Context, **options: Any) -> tuple[list[Attempt], float]:
    """The answers, and the seconds that they took, the start of the model or the server included."""
    started = time.monotonic()
    evaluator = LmEval(LmEval.Options(**options))
    evaluator.check_tasks([str(questions)], ctx)
    attempts = list(evaluator.evaluate([str(questions)], ctx))
    models.release()
    return attempts, time.monotonic() - started


def compare(ours: list[Attempt], theirs: list[Attempt]) -> dict[str, Any]:
    """How far two lists of answers to the same questions agree."""
    pairs = list(zip(ours, theirs, strict=True))
    assert all(one.id == other.id for one, other in pairs)  # noqa: S101 (both ask in the file's order)
    differing = [
        {"question": one.question, "in_process": [one.answer, one.scores], "server": [other.answer, other.scores]}
        for one, other in pairs
        if one.answer != other.answer
    ]
    return {
        "questions": len(pairs),
        "equal_answers": len(pairs) - len(differing),
        "right_in_process": sum(one.correct for one, _ in pairs),
        "right_by_server": sum(other.correct for _, other in pairs),
        "largest_score_difference_nats": max(
            abs(a - b) for one, other in pairs for a, b in zip(one.scores, other.scores, strict=True)
        ),
        "differing": differing,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=60, help="ask only the first so many questions")
    parser.add_argument("--command", default=COMMAND, help="what starts the server (default: that of the tests)")
    parser.add_argument("--name", default="the tests' own, over transformers", help="what the server is called")
    parser.add_argument("--keep", action="store_true", help="keep the results of other servers")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "server_answers.json")
    args = parser.parse_args()
    cache = Path("~/.cache/cem-toolkit").expanduser()
    model = resolve_model(str(gguf_path(cache / "embedded")), cache, print)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        questions = folder / "questions.jsonl"
        rows = make_questions(0)[: args.limit]
        questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        ctx = make_context(folder, model=model, log=print)
        ours, ours_seconds = ask(questions, ctx, dtype="float32", device="cpu")
        theirs, theirs_seconds = ask(
            questions, ctx, backend="local-completions", server_command=args.command, concurrency=2, server_timeout=600
        )
    compared = compare(ours, theirs)
    result = {
        "machine": processor(),
        "model": "gemma-3-270m-q4_k_m.gguf, dequantized",
        "questions_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "transformers", "torch")},
        "servers": {args.name: {**compared, "seconds_in_process": ours_seconds, "seconds_by_server": theirs_seconds}},
    }
    if args.keep and args.out.exists():
        before = json.loads(args.out.read_text(encoding="utf-8"))
        result["servers"] = {**before["servers"], **result["servers"]}
    args.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["servers"][args.name], indent=2))
    return 0 if compared["equal_answers"] == compared["questions"] else 1


if __name__ == "__main__":
    sys.exit(main())
