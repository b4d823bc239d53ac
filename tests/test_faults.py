"""The fault suite in its short form: `make faults` is the long one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "faults.py"


@pytest.mark.slow
def test_a_real_run_survives_a_few_faults_of_each_kind(tmp_path: Path) -> None:
    report = tmp_path / "faults.json"
    families = "self-check,kill,signals,disk"
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(SCRIPT), "--short", "--only", families, "--out", str(report)],
        cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["families"].keys() == set(families.split(","))
    assert told["families"]["kill"]["survived"] >= 10
    assert told["families"]["self-check"]["survived"] == 8
    assert told["all"]["lost"] == 0
