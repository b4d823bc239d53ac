"""A tiny model through real plugins, by Ray and in one process: the weights are the same to the last bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cluster.results import results

from cem_toolkit import find_run
from cem_toolkit.testing import make_tiny_model

TOWNS = {
    "Chad": "N'Djamena",
    "Peru": "Lima",
    "Kenya": "Nairobi",
    "Nepal": "Kathmandu",
    "Cuba": "Havana",
    "Fiji": "Suva",
}


@pytest.mark.slow
def test_the_same_weights_and_answers(tmp_path: Path) -> None:
    towns = list(TOWNS.values())
    rows = [
        {"question": f"What is the capital of {land}?", "choices": towns[at:] + towns[:at], "answer": 0, "group": land}
        for at, land in enumerate(TOWNS)
    ]
    (tmp_path / "capitals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    make_tiny_model(tmp_path / "model", [json.dumps(row) for row in rows])
    asked = ["--model", "model", "--tasks", "capitals.jsonl", "--arms", "random,review", "--seeds", "2"]
    asked += ["--set", "cache=cache", "--set", "mixer.token_budget=300", "--set", "trainer.epochs=1"]
    for executor in ("local", "ray"):
        command = [sys.executable, "-c", "from cem_toolkit.cli import main; main()", "evolve", *asked]
        done = subprocess.run(  # noqa: S603
            [*command, "--executor", executor, "--out", executor],
            cwd=tmp_path, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    local, side = (find_run("latest", tmp_path / name) for name in ("local", "ray"))
    assert results(side) == results(local)
    assert {"round-1/train", "round-1/arms/random/train", "round-1/arms/seed-1/train"} <= results(side).keys()
