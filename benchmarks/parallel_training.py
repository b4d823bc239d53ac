"""Does training in two processes go as training in one, and what do they take?

    python benchmarks/parallel_training.py

Trains the embedded model (or --model) for a few steps on a few rows over and over, all weights but the embeddings,
with the same rows a step, in one process and in two, each launched as a run launches it, and by FSDP2 where it is asked
for. Everything runs on this machine's CPUs with one thread a process. Writes the losses, their largest difference, and
for each way the time and every process's most memory to benchmarks/results/parallel_training.json.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.api import Model, Row, resolve_model
from cem_toolkit.testing import example_rows, make_tiny_model

RESULTS = Path(__file__).with_name("results") / "parallel_training.json"
WAYS: dict[str, dict[str, Any]] = {
    "one process": {},
    "two processes, ddp": {"processes": 2},
    "two processes, fsdp": {"processes": 2, "strategy": "fsdp"},
}
ALONE = """
import json, resource, sys
from pathlib import Path
from cem_toolkit.api import Model, Row
from cem_toolkit.testing import make_context
from cem_trl.trainer import Trl
given = json.load(sys.stdin)
model = Model(name="start", path=Path(given["model"]), fingerprint="start")
ctx = make_context(Path(given["folder"]), model=model)
rows = [Row.from_json(row) for row in given["rows"]]
figures = Trl(Trl.Options(**given["options"])).train(rows, ctx)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"peak_memory_bytes": [memory], **figures}))
"""


def measure(model: Model, rows: Sequence[Row], options: Mapping[str, Any], ways: Sequence[str]) -> dict[str, Any]:
    """Of every way its losses, seconds, and the most bytes of every process."""
    measured: dict[str, Any] = {}
    for way in ways:
        with tempfile.TemporaryDirectory() as folder:
            given = {
                "model": str(model.path),
                "folder": folder,
                "rows": [row.to_json() for row in rows],
                "options": {**options, **WAYS[way]},
            }
            started = time.monotonic()
            # Each in a process of its own, so that none finds the memory that another left.
            done = subprocess.run(
                [sys.executable, "-c", ALONE],
                input=json.dumps(given),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            figures = json.loads(done.stdout.splitlines()[-1])
        measured[way] = {
            "losses": figures["losses"],
            "seconds": figures["seconds"],
            "seconds_with_start": round(time.monotonic() - started, 2),
            "peak_memory_bytes": figures["peak_memory_bytes"],
        }
        print(way, measured[way], flush=True)
    return measured


def compared(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What the ways have beside the first."""
    first = measured["one process"]
    return {
        way: {
            "largest_difference_of_losses": max(
                abs(loss - other) for (_, loss), (_, other) in zip(each["losses"], first["losses"], strict=True)
            ),
            "time_ratio": round(each["seconds"] / first["seconds"], 3),
        }
        for way, each in measured.items()
        if each is not first
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a model's folder, or `tiny` for one of some thousand weights")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS)[:2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = example_rows()
        if asked.model == "tiny":
            model = make_tiny_model(Path(folder) / "tiny", [row.completion for row in rows])
        else:
            model = start(asked.model)
        # The last step is not full.
        needed = asked.steps * asked.batch_size - asked.batch_size // 2
        rows = (rows * (needed // len(rows) + 1))[:needed]
        options = {
            "epochs": 1,
            "batch_size": asked.batch_size,
            "micro_batch_size": max(1, asked.batch_size // 4),
            "optimizer": "adamw",
            "precision": "float32",
            "device": "cpu",
            "checkpoint_seconds": 0,
        }
        measured = measure(model, rows, options, asked.ways)
    results = {
        "model": asked.model or "embedded",
        "rows": len(rows),
        "options": options,
        "ways": measured,
        "beside_one_process": compared(measured),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in ("torch", "transformers", "trl", "accelerate")},
    }
    asked.out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps(results["beside_one_process"], indent=1))


def start(model: str) -> Model:
    """The model named, or the embedded one."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    if not model:
        from cem_embedded.gemma import gguf_path

        model = str(gguf_path(cache / "embedded"))
    return resolve_model(model, cache, print)


if __name__ == "__main__":
    main()
