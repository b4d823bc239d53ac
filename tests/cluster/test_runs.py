"""Sweeps by Ray: the same runs as one after the other, with what they share done once."""

from pathlib import Path
from typing import Any

import pytest
from tests.cluster.results import results

from cem_toolkit import sweep


@pytest.mark.slow
def test_a_sweep_side_by_side_is_the_same_and_shares_what_can_be_shared(config: Path, tmp_path: Path, ray: Any) -> None:
    over = {"trainer.forgets": [0, 1]}
    side = sweep(config, over=over, executor="ray", arms=[], seeds=1, progress=False)
    local = sweep(config, over=over, out=tmp_path / "local", arms=[], seeds=1, progress=False)
    assert [results(run) for run in side.runs] == [results(run) for run in local.runs]
    assert [setting.verdict for setting in side.settings] == [setting.verdict for setting in local.settings]
    stages = [stage for run in side.runs for stage in run.rounds[0].stages]
    done = [stage.name for stage in stages if not stage.reused]
    assert sorted(done) == sorted([*{stage.name for stage in stages}, "train", "evaluate", "gate"])
