"""How fast is scoring against lm-eval's own? The same pairs both ways, in one process and by the same loaded model.

    python benchmarks/scoring_speed.py [--model MODEL] [--pairs 100] [--repeats 4] [--out FILE.json]

A pair is an open-book question: a Wikipedia summary of about 150 tokens, a question about it, and four short titles to
choose from. The pairs are dealt out to the repeats, in which both ways take turns; figures are the repeats' medians.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance

from cem_embedded.gemma import gguf_path
from cem_lm_eval import likelihood, models
from cem_lm_eval.device import choose_device, choose_dtype
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context
from cem_wiki.options import WikiOptions
from cem_wiki.summaries import find_data, read_summaries

CHOICES = 4
TOKENS = (130, 170)


def make_pairs(lm: models.ReportingLM, count: int) -> list[tuple[str, list[str]]]:
    """Questions after summaries that are within TOKENS, the same on every call."""
    pages = list(read_summaries(find_data(WikiOptions(), Path()).path))
    rng = random.Random(0)  # noqa: S311 (draws questions; guards nothing)
    rng.shuffle(pages)
    fit = [page for page in pages if TOKENS[0] <= len(lm.tok_encode(page.text)) <= TOKENS[1]][:count]
    return [
        (
            f"{page.text}\n\nQuestion: What is this text about?\nAnswer:",
            [f" {title}" for title in (page.title, *(other.title for other in rng.sample(pages, CHOICES - 1)))],
        )
        for page in fit
    ]


def by_lm_eval(lm: models.ReportingLM, pairs: likelihood.Pairs) -> list[tuple[float, ...]]:
    """Every continuation as a request of its own, as lm-eval's tasks make them."""
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=(prompt, continuation), idx=index)
        for index, (prompt, continuations) in enumerate(pairs)
        for continuation in continuations
    ]
    with quiet():
        found = iter(lm.loglikelihood(requests))
    return [tuple(next(found)[0] for _ in continuations) for _, continuations in pairs]


def measure(lm: models.ReportingLM, pairs: likelihood.Pairs, repeats: int, ctx: Any) -> dict[str, Any]:
    ways = {"ours": lambda part: likelihood.score(lm, part, ctx), "lm_eval": lambda part: by_lm_eval(lm, part)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    scores: dict[str, list[tuple[float, ...]]] = {name: [] for name in ways}
    for way in ways.values():
        way(pairs[:2])
    for number in range(repeats):
        dealt = pairs[number::repeats]
        for name, way in ways.items():
            start = time.perf_counter()
            scores[name] += way(dealt)
            seconds[name].append((time.perf_counter() - start) / len(dealt))
            print(f"{name}: {seconds[name][-1]:.3f} s a pair", flush=True)
    rows = list(zip(scores["ours"], scores["lm_eval"], strict=True))
    ratios = [theirs / ours for ours, theirs in zip(seconds["ours"], seconds["lm_eval"], strict=True)]
    return {
        **{f"{name}_pairs_per_second": round(1 / statistics.median(seconds[name]), 2) for name in ways},
        "times_as_fast": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "largest_difference_nats": max(abs(a - b) for row in rows for a, b in zip(*row, strict=True)),
        "same_choice": sum(ours.index(max(ours)) == theirs.index(max(theirs)) for ours, theirs in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--dtype", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "scoring_speed.json")
    given = parser.parse_args()
    cache = Path("~/.cache/cem-toolkit").expanduser()
    model = resolve_model(given.model or str(gguf_path(cache / "embedded")), cache, print)
    lm = models.load(model, LmEvalOptions(dtype=given.dtype))
    pairs = make_pairs(lm, given.pairs)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(lm, pairs, given.repeats, make_context(Path(folder), model=model))
    report = {
        "machine": processor(),
        "dtype": choose_dtype(given.dtype, choose_device("auto")),
        "pairs": len(pairs),
        "choices": CHOICES,
        "mean_prompt_tokens": round(statistics.mean(len(lm.tok_encode(prompt)) for prompt, _ in pairs), 1),
        "repeats": given.repeats,
        "versions": {name: version(name) for name in ("cem-lm-eval", "lm_eval", "torch", "transformers")},
        **measured,
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
