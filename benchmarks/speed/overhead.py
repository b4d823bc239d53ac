"""What does an evaluation cost besides the model? lm-eval's and ours, with a model that answers at once.

    python benchmarks/speed/overhead.py [--repeats 5] [--out FILE.json]

Tasks and prompts as in evaluation.py; in both ways the model is replaced by zeros, so that what is left is reading the
task, making prompts and tokens of them, laying them out, and counting what is right. A small model on a large GPU
takes hardly longer than that.
"""

import argparse
import itertools
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluation import BATCH, SETTINGS, ask_lm_eval, ask_us, draw_questions, write_task
from lm_eval.models.huggingface import HFLM
from spread import spread

from cem_embedded.gemma import gguf_path
from cem_lm_eval import engine, models
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model

QUESTIONS = {"zero-shot, bfloat16": 768, "5 shots, the same for all, bfloat16": 256}


class Instant(HFLM):  # type: ignore[misc]  # lm-eval has no types
    """lm-eval's model class but for the model."""

    def _loglikelihood_tokens(self, requests: Any, **_: Any) -> list[tuple[float, bool]]:
        return [(0.0, False)] * len(requests)


def _no_answers(network: Any, batch: Any, prefix: int, cache: Any) -> list[engine.Answer]:
    return [(0.0, False)] * sum(len(row.scored) for row in batch)


def measure(repeats: int) -> dict[str, Any]:
    """By setting the seconds of both ways and their ratio: median, minimum and maximum over `repeats` pairs."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    found = resolve_model(str(gguf_path(cache / "embedded")), cache, print)
    with quiet():
        stock = Instant(pretrained=str(found.path), device="cpu", dtype="bfloat16", batch_size=BATCH)
    examples, asked = draw_questions()
    results: dict[str, Any] = {}
    for label, count in QUESTIONS.items():
        setting = SETTINGS[label]
        ours = LmEval(LmEvalOptions(dtype="bfloat16", device="cpu", num_fewshot=setting["shots"]))
        models.load(found, ours.options).why_not_shared  # noqa: B018 (looks the model over, while it still answers)
        answers, read = engine._answers, engine._read
        engine._answers, engine._read = _no_answers, lambda network, prefix: None
        rows = list(itertools.islice(asked, count))
        seconds: tuple[list[float], list[float]] = ([], [])
        with tempfile.TemporaryDirectory() as folder:
            for number in range(repeats + 1):  # first calls are slower
                task = write_task(Path(folder), f"questions_{number}", rows, examples, setting)
                for way in (0, 1):
                    _, taken = ask_us(ours, task, found) if way else ask_lm_eval(stock, task, setting["shots"])
                    seconds[way].append(taken)
        engine._answers, engine._read = answers, read
        theirs, own = (each[1:] for each in seconds)
        results[label] = {
            "questions": count,
            "seconds": {"lm_eval": spread(theirs, 3), "ours": spread(own, 3)},
            "ratio": spread([one / other for one, other in zip(theirs, own, strict=True)]),
        }
    models.release()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "overhead.json")
    given = parser.parse_args()
    report = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "transformers")},
        "repeats": given.repeats,
        "settings": measure(given.repeats),
    }
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
