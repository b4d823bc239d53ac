"""Everything that parses, by some inputs of `benchmarks/faults/fuzz.py`: an answer, or a CemError of one line. Inputs
that once ended badly are run again."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cem_toolkit.testing.hostile import check_survives

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks" / "faults"))

for library in ("libzim", "docx", "pptx", "openpyxl", "reportlab", "pyarrow", "lm_eval", "protego", "trafilatura"):
    pytest.importorskip(library)

import fuzz_core  # noqa: E402
import fuzz_methods  # noqa: E402
import fuzz_plugins  # noqa: E402

TARGETS = fuzz_core.TARGETS | fuzz_plugins.TARGETS | fuzz_methods.TARGETS
FEW, MANY = 10, 150
RATIO = 300
"""Of the inputs in the full form one in so many is run here."""


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_survived(name: str, tmp_path: Path) -> None:
    target: Any = TARGETS[name]
    read = target.make(tmp_path)

    @settings(
        max_examples=max(FEW, min(MANY, target.inputs // RATIO)),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(target.kind.strategy())
    def one(data: bytes) -> None:
        check_survives(read, data)

    for data in (*target.kind.seeds, *(path.read_bytes() for path in fuzz_core.found_before(name))):
        check_survives(read, data)
    one()
