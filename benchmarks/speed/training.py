"""How fast, and in how little memory, does the trainer `trl` train, against a script of TRL's users?

    python benchmarks/speed/training.py [--repeats 3] [--out FILE.json] [--ablations] [--profile]

Each way trains the embedded model in a process of its own, on the same rows (Wikipedia summaries of about 100 tokens,
and questions with their answers), for as many steps of 8 rows at the same learning rate. `stock` is the SFTTrainer of
TRL's quick start with no settings but those; TRL loads float32 weights then and computes in bfloat16, as the default
here does. Useful tokens are those with a loss. Time is that of `train()`; memory is the process's peak from its start
to the saved model. The loss of the saved models is measured in float32 by one procedure for all.

Where there is a GPU, both train on it. A step is short there, and what only the first one takes (libraries that load,
kernels that are compiled) is long: time is that of the median step then, and memory the peak of the GPU's tensors.

`--ablations` also trains each way that differs by one means; `--profile` tells where a step's time goes (on a CPU).
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bounds
import torch
from spread import spread

from cem_toolkit.machine import processor

GPU = torch.cuda.is_available()
ROWS, EPOCHS, HELD_OUT = 128 if GPU else 16, 2, 32
MEMORY = "peak_device_mib" if GPU else "peak_mib"
WAYS: dict[str, dict[str, Any]] = {
    "stock": {"way": "stock"},
    "ours": {"way": "ours"},
}
ABLATIONS: dict[str, dict[str, Any]] = {
    "stock, weights in bfloat16": {"way": "stock", "settings": {"model_init_kwargs": {"dtype": "bfloat16"}}},
    "ours, AdamW": {"way": "ours", "settings": {"optimizer": "adamw"}},
    "ours, no gradient checkpointing": {"way": "ours", "settings": {"gradient_checkpointing": False}},
    "ours, embeddings frozen": {"way": "ours", "settings": {"freeze": "embeddings"}},
    "ours, embeddings frozen, AdamW": {"way": "ours", "settings": {"freeze": "embeddings", "optimizer": "adamw"}},
    "ours, weights in bfloat16": {"way": "ours", "settings": {"precision": "bfloat16"}},
    "ours, LoRA": {"way": "ours", "settings": {"method": "lora"}},
}
GPU_ABLATIONS: dict[str, dict[str, Any]] = {
    "stock, no gradient checkpointing": {"way": "stock", "settings": {"gradient_checkpointing": False}},
    "ours, gradient checkpointing": {"way": "ours", "settings": {"gradient_checkpointing": True}},
    "ours, factored AdamW": {"way": "ours", "settings": {"optimizer": "factored-adamw"}},
}


def run(job: dict[str, Any]) -> dict[str, Any]:
    """The figures that `training_ways.py` prints for `job`, made in a process of its own."""
    job = {"rows": ROWS, "epochs": EPOCHS, "held_out": HELD_OUT, "seed": 0} | job
    command = [sys.executable, str(Path(__file__).with_name("training_ways.py")), json.dumps(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{job} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def train(way: dict[str, Any], seed: int, folder: Path) -> dict[str, Any]:
    """Trains one way; its figures, and the model in `folder`."""
    folder.mkdir()
    figures = run(way | {"seed": seed, "out": str(folder)})
    seconds = figures["steps"] * figures["step_seconds"] if GPU else figures["seconds"]
    figures["useful_tokens_per_second"] = figures["supervised_tokens"] / seconds
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def judge(folders: Sequence[Path]) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Losses of the starting model, and of the models in `folders`."""
    start, *trained = run({"way": "evaluate", "folders": ["", *map(str, folders)]})["losses"]
    return start, trained


def measure(repeats: int) -> dict[str, Any]:
    """Figures of `repeats` pairs, stock and ours by turns, each pair with a seed of its own.

    `training_ratio` is our useful tokens per second over stock's, `training_memory_ratio` our peak memory over stock's.
    """
    pairs: list[dict[str, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folders = [{name: Path(temporary, f"{name} {seed}") for name in WAYS} for seed in range(repeats)]
        for seed, of_pair in enumerate(folders):
            names = list(WAYS) if seed % 2 == 0 else list(reversed(WAYS))
            pairs.append({name: train(WAYS[name], seed, of_pair[name]) for name in names})
            for name in WAYS:
                print(seed, name, pairs[-1][name], file=sys.stderr, flush=True)
        start_loss, losses = judge([of_pair[name] for of_pair in folders for name in WAYS])
    for pair, name in itertools.product(pairs, WAYS):
        pair[name]["saved_model_loss"] = losses.pop(0)
    ratio = {
        key: [pair["ours"][figure] / pair["stock"][figure] for pair in pairs]
        for key, figure in (
            ("training_ratio", "useful_tokens_per_second"),
            ("training_memory_ratio", MEMORY),
        )
    }
    ways = {name: [pair[name] for pair in pairs] for name in WAYS}
    return {
        "machine": torch.cuda.get_device_name() if GPU else processor(),
        "versions": {name: version(name) for name in ("cem-trl", "trl", "torch", "transformers")},
        "rows": ROWS,
        "epochs": EPOCHS,
        **{key: spread(values, 3) for key, values in ratio.items()},
        "start_loss": start_loss,
        "ways": {name: summary(runs) | {"runs": runs} for name, runs in ways.items()},
    }


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians and ranges over the repeats; the losses' are seed noise."""
    found = {name: spread([run[name] for run in runs], 1) for name in ("useful_tokens_per_second", MEMORY)}
    for rows in ("train", "held_out"):
        found[f"{rows}_loss"] = spread([run["saved_model_loss"][rows] for run in runs], 4)
    return found


def profile(rates: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Where the time goes, and how near one pass over the rows, which takes `seconds`, is to its matrix products at the
    machine's best (`bounds.measure`)."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = run({"way": "ours", "epochs": 1, "profile": True, "out": folder})["profile"]
    best = bounds.fastest(found["gflop"], rates)
    return {**found, "seconds": round(seconds, 2), "seconds_at_best": round(best, 2), "near": round(best / seconds, 3)}


def seconds_a_pass(measured: Mapping[str, Any]) -> float:
    """Median seconds of ours for one pass over the rows."""
    return statistics.median(run["seconds"] / EPOCHS for run in measured["ways"]["ours"]["runs"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--profile", action="store_true")
    default = Path(__file__).parents[1] / "results" / "training_speed.json"
    parser.add_argument("--out", type=Path, default=default)
    given = parser.parse_args()
    report = json.loads(given.out.read_text("utf-8")) if given.out.is_file() and not given.repeats else {}
    if given.repeats:
        report = measure(given.repeats)
    if given.ablations:
        ways = GPU_ABLATIONS if GPU else ABLATIONS
        with tempfile.TemporaryDirectory() as temporary:
            folders = [Path(temporary, str(number)) for number in range(len(ways))]
            figures = [train(way, 0, folder) for way, folder in zip(ways.values(), folders, strict=True)]
            _, losses = judge(folders)
        report["ablations"] = {
            name: {**one, "saved_model_loss": loss} for name, one, loss in zip(ways, figures, losses, strict=True)
        }
    if given.profile:
        report["profile"] = profile(bounds.measure(), seconds_a_pass(report))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
