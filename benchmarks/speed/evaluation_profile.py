"""Where does the time of an evaluation go, and how near are its matrix products to what this machine can do?

    python benchmarks/speed/evaluation_profile.py [--out FILE.json]

Profiles (torch.profiler) our evaluator's model on the embedded Factbook's questions, zero-shot and with five examples
drawn for each question, and tells for each kind of work its share of the time. `bounds.py` measures the machine.
"""

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval import models
from cem_lm_eval.device import choose_dtype
from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model

QUESTIONS = {"zero-shot": (0, 300), "5 shots, drawn for each": (5, 60)}
"""Examples before each question, and the number of questions."""
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm"),
    "attention": ("attention",),
    "normaliser of the logits": ("logsumexp", "argmax", "exp_", "amax"),
    "copies and changes of format": ("copy_", "aten::cat", "index"),
}
"""Parts of operations' names, by kind; what is left is element-wise: norms, activations, rotary positions."""


def make_requests(lm: models.ReportingLM, shots: int, count: int) -> list[models.Tokenized]:
    rows = make_questions(names=ASKED)
    chance = random.Random(0)  # noqa: S311 (draws questions; guards nothing)
    chance.shuffle(rows)

    def asked(row: dict[str, Any]) -> str:
        return f"Question: {row['question']}\nAnswer:"

    def solved(row: dict[str, Any]) -> str:
        return f"{asked(row)} {row['choices'][row['answer']]}\n\n"

    prompts = [("".join(map(solved, chance.sample(rows, shots))) + asked(row), row) for row in rows[:count]]
    pairs = [(prompt, f" {choice}") for prompt, row in prompts for choice in row["choices"]]
    return [(pair, *lm._encode_pair(*pair)) for pair in pairs]


def tell(recorded: profile, seconds: float) -> dict[str, Any]:
    """Each kind's share of the time, and GFLOP/s of the matrix products."""
    taken = dict.fromkeys((*KINDS, "element-wise"), 0.0)
    flops = 0.0
    for event in recorded.key_averages():
        found = (kind for kind, parts in KINDS.items() if any(part in event.key for part in parts))
        kind = next(found, "element-wise")
        taken[kind] += event.self_cpu_time_total / 1e6
        flops += event.flops if kind == "matrix products" else 0
    return {
        "seconds": round(seconds, 2),
        "share": {kind: round(each / seconds, 3) for kind, each in taken.items()},
        "matrix_products_gflop_per_s": round(flops / taken["matrix products"] / 1e9, 1),
        "matrix_products_gflop": round(flops / 1e9, 1),
    }


def measure() -> dict[str, Any]:
    """Shares of time by setting, in the evaluator's default format."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    lm = models.load(resolve_model(str(gguf_path(cache / "embedded")), cache, print), LmEvalOptions(device="cpu"))
    result: dict[str, Any] = {"dtype": choose_dtype("auto", "cpu")}
    for name, (shots, count) in QUESTIONS.items():
        requests = make_requests(lm, shots, count)
        lm._loglikelihood_tokens(requests[:16])
        with profile(activities=[ProfilerActivity.CPU], with_flops=True) as recorded:
            start = time.perf_counter()
            lm._loglikelihood_tokens(requests)
            seconds = time.perf_counter() - start
        result[name] = {"questions": count, **tell(recorded, seconds)}
    models.release()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "evaluation_profile.json")
    given = parser.parse_args()
    report = {"machine": processor(), **measure()}
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
