"""Where does the time of an evaluation go, and how near are its matrix products to what this machine can do?

    python benchmarks/speed/evaluation_profile.py [--out FILE.json]

Profiles (torch.profiler) our evaluator's model on the embedded Factbook's questions, zero-shot and with five examples
drawn for each question, and tells for each kind of work its share of the time. `bounds.py` measures the machine: `near`
is the time that the matrix products would take at its best rate, as a part of what all takes without the profiler.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bounds
from torch.profiler import ProfilerActivity, profile

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval import models, reporting
from cem_lm_eval.backends import hf
from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model

QUESTIONS = {"zero-shot": (0, 150), "5 shots, drawn for each": (5, 30)}
"""Examples before each question, and the number of questions."""
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm"),
    "attention": ("attention",),
    "normaliser of the logits": ("logsumexp", "argmax", "exp_", "amax"),
    "copies and changes of format": ("copy_", "aten::cat", "index"),
}
"""Parts of operations' names, by kind; what is left is element-wise: norms, activations, rotary positions."""


def make_requests(lm: hf.ReportingLM, shots: int, count: int) -> list[reporting.Tokenized]:
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


def tell(recorded: profile, profiled: float, seconds: float, rates: Mapping[str, Any]) -> dict[str, Any]:
    """Each kind's share of the time, and how near the whole is to its matrix products at this machine's best."""
    taken = dict.fromkeys((*KINDS, "element-wise"), 0.0)
    gflop = dict.fromkeys(bounds.SHAPES, 0.0)
    for event in recorded.key_averages(group_by_input_shape=True):
        found = (kind for kind, parts in KINDS.items() if any(part in event.key for part in parts))
        kind = next(found, "element-wise")
        taken[kind] += event.self_cpu_time_total / 1e6
        if kind == "matrix products":
            gflop[bounds.shape_of(event.input_shapes)] += event.flops / 1e9
    best = bounds.fastest(gflop, rates)
    return {
        "seconds": round(seconds, 2),
        "share": {kind: round(each / profiled, 3) for kind, each in taken.items()},
        "gflop": {what: round(each, 1) for what, each in gflop.items()},
        "seconds_at_best": round(best, 2),
        "near": round(best / seconds, 3),
    }


def measure(rates: Mapping[str, Any]) -> dict[str, Any]:
    """By setting, in bfloat16; `rates` are those of `bounds.measure`."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    options = LmEvalOptions(device="cpu", dtype="bfloat16")
    lm = models.load(resolve_model(str(gguf_path(cache / "embedded")), cache, print), options)
    result: dict[str, Any] = {}
    for name, (shots, count) in QUESTIONS.items():
        requests = make_requests(lm, shots, count)
        lm._loglikelihood_tokens(requests[:16])
        seconds = timed(lambda requests=requests: lm._loglikelihood_tokens(requests))
        with profile(activities=[ProfilerActivity.CPU], with_flops=True, record_shapes=True) as recorded:
            profiled = timed(lambda requests=requests: lm._loglikelihood_tokens(requests))
        result[name] = {"questions": count, **tell(recorded, profiled, seconds, rates)}
    models.release()
    return result


def timed(work: Callable[[], Any]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "evaluation_profile.json")
    given = parser.parse_args()
    rates = bounds.measure()
    report = {"machine": processor(), "bounds": rates, **measure(rates)}
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
