"""`--dry-run`: what would be done, without doing it."""

from pathlib import Path
from typing import Any

import toy
from cem_toolkit.evolving import plan
from cem_toolkit.plugins import Plugins
from conftest import Evolve


def test_a_first_run_has_everything_to_do_and_nothing_is_written(values: dict[str, Any], plugins: Plugins) -> None:
    planned = plan(registry=plugins, **values, rounds=2)
    assert [(stage.round, stage.name) for stage in planned.stages] == [
        (0, "evaluate"),
        *(
            (number, name)
            for number in (1, 2)
            for name in ("mine", "retrieve/toy-pages", "guard", "mix", "train", "evaluate")
        ),
    ]
    assert not any(stage.reused for stage in planned.stages)
    assert planned.questions == {"capitals": len(toy.CITIES)}
    assert planned.seconds > 0
    assert planned.disk_bytes > 0
    assert not Path(values["out"]).exists()


def test_what_is_there_is_reused(evolve: Evolve, values: dict[str, Any], plugins: Plugins) -> None:
    evolve()
    planned = plan(registry=plugins, **values)
    assert all(stage.reused for stage in planned.stages)
    assert planned.seconds == 0
    assert "earlier runs" in planned.basis
    changed = plan(registry=plugins, **values, trainer={"forgets": 2})
    assert [stage.name for stage in changed.stages if not stage.reused] == ["train", "evaluate"]
    assert toy.ToyTrainer.calls == [1], "a plan trains nothing"
