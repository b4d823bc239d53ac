"""Does a model answer otherwise where the processor rounds otherwise? And is one processor's answer always the same?

    python benchmarks/rounding.py [--isa AVX512_CORE_BF16] [--questions N] [--out FILE.json]

Asks the embedded model the demo's World Factbook questions in bfloat16, each time in a process of its own: twice as it
comes (the control), and once with oneDNN, which multiplies matrices for PyTorch, kept to the instruction set ISA.
About six minutes on two cores. A processor that has no more than ISA gives no difference, and says nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context

CACHE = Path("~/.cache/cem-toolkit").expanduser()


def ask(questions: Path, out: Path) -> None:
    """Writes what the model answers in this process."""
    model = resolve_model(str(gguf_path(CACHE / "embedded")), CACHE, print)
    evaluator = LmEval(LmEval.Options(dtype="bfloat16", device="cpu"))
    with tempfile.TemporaryDirectory() as folder:
        attempts = evaluator.evaluate([str(questions)], make_context(Path(folder), model=model))
    out.write_text("".join(json.dumps(attempt.to_json()) + "\n" for attempt in attempts), encoding="utf-8")


def ask_apart(questions: Path, out: Path, settings: Mapping[str, str]) -> list[Attempt]:
    """What the model answers in a process with these environment variables."""
    subprocess.run(
        [sys.executable, __file__, "--ask", str(questions), str(out)], env={**os.environ, **settings}, check=True
    )
    return [Attempt.from_json(json.loads(line)) for line in out.read_text(encoding="utf-8").splitlines()]


def compare(before: Sequence[Attempt], after: Sequence[Attempt]) -> dict[str, Any]:
    pairs = list(zip(before, after, strict=True))
    if any(one.id != other.id for one, other in pairs):
        raise SystemExit("the two processes were not asked the same questions")
    apart = (abs(a - b) for one, other in pairs for a, b in zip(one.scores, other.scores, strict=True))
    return {
        "right": sum(other.correct for _, other in pairs),
        "other_choice": sum(one.answer != other.answer for one, other in pairs),
        "right_to_wrong_or_back": sum(one.correct != other.correct for one, other in pairs),
        "largest_score_difference_nats": round(max(apart), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isa", default="AVX512_CORE_BF16", help="a value of ONEDNN_MAX_CPU_ISA")
    parser.add_argument("--questions", type=int, help="only the first so many")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "rounding.json")
    parser.add_argument("--ask", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        ask(*given.ask)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "questions.jsonl"
        rows = make_questions(names=ASKED)[: given.questions]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        first = ask_apart(file, folder / "first.jsonl", {})
        again = ask_apart(file, folder / "again.jsonl", {})
        kept = ask_apart(file, folder / "kept.jsonl", {"ONEDNN_MAX_CPU_ISA": given.isa})
    result = {
        "processor": processor(),
        "versions": {name: version(name) for name in ("cem-toolkit", "lm_eval", "transformers", "torch")},
        "questions": len(first),
        "right": sum(attempt.correct for attempt in first),
        "again": compare(first, again),
        given.isa: compare(first, kept),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
