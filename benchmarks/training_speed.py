"""How fast is the trainer `trl`, by its settings? Each trains the embedded model a few steps, in a process of its own.

    python benchmarks/training_speed.py [--model MODEL] [--steps 12] [--out FILE.json]

Rows are Wikipedia summaries of about 100 tokens. The unit is trained tokens per second over the steps after the first
two; the ratio to TRL's own loss is of the same run. Loading and saving are not counted.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_embedded.gemma import gguf_path
from cem_toolkit.api import Row
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.testing import make_context
from cem_wiki.options import WikiOptions
from cem_wiki.summaries import find_data, read_summaries

ROWS_A_STEP = 8
SETTINGS: dict[str, dict[str, Any]] = {
    "all weights, mixed (the default)": {},
    "all weights, mixed, TRL's own loss": {"own_loss": False},
    "all weights, bfloat16": {"precision": "bfloat16"},
    "all weights, float32": {"precision": "float32"},
    "LoRA of rank 16, mixed": {"method": "lora"},
}


class Clock:
    """Notes when each step ends."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        self.ends.append(time.perf_counter())


def train(model: str, steps: int, options: dict[str, Any]) -> dict[str, float]:
    """Tokens per second, median and best step, of one setting; run in a process of its own."""
    from cem_trl import sft
    from cem_trl.trainer import Trl

    if not options.pop("own_loss", True):
        sft._is_plain_on_cpu = lambda model: False
    cache = Path("~/.cache/cem-toolkit").expanduser()
    found = resolve_model(model or str(gguf_path(cache / "embedded")), cache, print)
    clock = Clock()

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Clock]:
        yield clock

    with tempfile.TemporaryDirectory() as folder:
        ctx = make_context(Path(folder), model=found, progress=progress)
        trainer = Trl(Trl.Options(epochs=1, batch_size=ROWS_A_STEP, checkpoint_seconds=0, **options))
        figures = trainer.train(rows(trainer, ctx, steps * ROWS_A_STEP), ctx)
    seconds = [after - before for before, after in zip(clock.ends[1:], clock.ends[2:], strict=False)]
    tokens = figures["tokens"] / figures["steps"]
    return {
        "median_tokens_per_second": round(tokens / statistics.median(seconds), 1),
        "best_tokens_per_second": round(tokens / min(seconds), 1),
        "tokens_per_step": round(tokens, 1),
    }


def rows(trainer: Any, ctx: Any, count: int) -> list[Row]:
    """The first summaries of 90 to 115 tokens."""
    texts = [page.text for page in read_summaries(find_data(WikiOptions(), Path()).path)]
    lengths = trainer.count_tokens(texts, ctx)
    fit = [text for text, length in zip(texts, lengths, strict=True) if 90 <= length <= 115][:count]
    return [
        Row.make(kind="passage", prompt="", completion=text, parents=(str(index),)) for index, text in enumerate(fit)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "training_speed.json")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(train(given.model, given.steps, dict(SETTINGS[given.only]))))
        return
    results = {}
    for name in SETTINGS:
        command = [sys.executable, __file__, "--model", given.model, "--steps", str(given.steps), "--only", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results[name] = json.loads(done.stdout.splitlines()[-1])
        print(name, results[name], flush=True)
    base = results["all weights, mixed, TRL's own loss"]["median_tokens_per_second"]
    for result in results.values():
        result["ratio_to_trls_own_loss"] = round(result["median_tokens_per_second"] / base, 2)
    versions = {name: version(name) for name in ("cem-trl", "trl", "torch", "transformers")}
    report = {"machine": processor(), "steps": given.steps, "versions": versions}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({**report, "settings": results}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
