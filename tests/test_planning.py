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
            for name in (
                *("mine", "retrieve/toy-pages", "guard", "cut", "read"),
                *("rewrite/rules", "mix", "train", "evaluate", "gate"),
            )
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
    assert [stage.name for stage in changed.stages if not stage.reused] == ["train", "evaluate", "gate"]
    assert toy.ToyTrainer.calls == [1], "a plan trains nothing"


def test_the_plan_names_what_a_run_with_arms_performs(evolve: Evolve, values: dict[str, Any], plugins: Plugins) -> None:
    chosen: dict[str, Any] = {"arms": ["random", "review"], "seeds": 2, "rounds": 2, "mixer": {"token_budget": 90}}
    planned = plan(registry=plugins, **values, **chosen)
    run = evolve(**chosen)
    done = [(event["round"], event["stage"]) for event in run.events if event["event"] == "stage_finished"]
    assert [(stage.round, stage.name) for stage in planned.stages] == done
    assert all(stage.reused for stage in plan(registry=plugins, **values, **chosen).stages)
