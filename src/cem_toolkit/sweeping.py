"""A grid of runs: begun, found again, gone on with, and compared.

Each is an ordinary run. What several of them share, such as the first evaluation, is done once: stages go by their
content keys, and of runs that lack the same stage one goes ahead.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from cem_toolkit.checks import check_components
from cem_toolkit.config import Config, RayConfig, set_value
from cem_toolkit.console import Screen
from cem_toolkit.differences import ELSEWHERE
from cem_toolkit.errors import CemError
from cem_toolkit.evolving import begin, prepare, resume
from cem_toolkit.folders import runs_in
from cem_toolkit.loop import go_rounds
from cem_toolkit.models import resolve_model
from cem_toolkit.parsing import parse_yaml
from cem_toolkit.plugins import Plugins
from cem_toolkit.records import Model
from cem_toolkit.run import Run
from cem_toolkit.stages import Stages, Unfinished
from cem_toolkit.trust import is_own
from cem_toolkit.winning import Cell, Sweep, compare_cells


@dataclass(frozen=True)
class Planned:
    """A run of the grid before it is begun or found."""

    values: dict[str, Any]
    """Of the axes."""
    stages: Stages
    model: Model


def sweep(
    config: Path | str | None = None,
    *,
    over: Mapping[str, Sequence[Any]],
    executor: Literal["local", "ray"] = "local",
    progress: bool = True,
    registry: Plugins | None = None,
    **values: Any,
) -> Sweep:
    """Runs the loop with every combination of `over` and compares the results.

    `over` has names as `--set` has them, each with its values: `{"trainer.strength": ["careful", "eager"], "seed": [0,
    1]}`. All else is as in `evolve`. Finished runs of the same configuration are found again, and interrupted ones are
    gone on with, so the same call after an interruption does the rest. With `executor="ray"` the runs are done side by
    side, as the section `ray` of the configuration says.

    Raises CemError for anything that the caller can mend: before anything is written, and after all that could be
    done is done.
    """
    screen = Screen(quiet=not progress)
    grid = _plan_all(config, over, values, screen, registry)
    runs = [_found(planned) or begin(planned.stages, planned.model) for planned in grid]
    todo = [number for number, run in enumerate(runs) if not run.finished]
    screen.log(f"sweep of {len(runs)} runs: {len(runs) - len(todo)} are done, {len(todo)} to do")
    if executor == "ray" and todo:
        from cem_toolkit.cluster.runs import go_on_side_by_side

        options: RayConfig = grid[0].stages.config.ray
        problems = go_on_side_by_side([(runs[number], _lacks(grid[number])) for number in todo], options, screen)
    else:
        problems = list(_go_on([runs[number] for number in todo], progress, registry))
    if problems:
        raise CemError("\n".join([*problems, "what is done is kept: the same sweep again does the rest"]))
    return compare_cells([Cell(planned.values, run) for planned, run in zip(grid, runs, strict=True)])


def read_axis(text: str) -> tuple[str, list[Any]]:
    """`trainer.strength=careful,balanced` as a name and its values, each read as YAML. Raises CemError where it is not
    of that form."""
    name, equals, values = text.partition("=")
    try:
        found = parse_yaml(f"[{values}]")
    except ValueError:
        found = []
    if not name.strip() or not equals or not found:
        raise CemError(f"--over {text}: should be NAME=VALUE,VALUE, such as trainer.strength=careful,balanced")
    return name.strip(), found


def _plan_all(
    config: Path | str | None,
    over: Mapping[str, Sequence[Any]],
    values: Mapping[str, Any],
    screen: Screen,
    registry: Plugins | None,
) -> list[Planned]:
    """Everything is checked before the first run begins."""
    grid: list[Planned] = []
    for chosen in product(*over.values()):
        cell = dict(zip(over, chosen, strict=True))
        with_cell = _copied(values) | {"executor": "local"}
        for name, value in cell.items():
            set_value(with_cell, f"{name}={json.dumps(value, default=str)}")  # which is YAML
        try:
            stages = prepare(config, with_cell, Screen(quiet=bool(grid)) if not screen.quiet else screen, registry)
            stages.screen = screen
            model = resolve_model(stages.config.model, stages.cache, screen.log)
            check_components(stages, model)
        except CemError as error:
            where = ", ".join(f"{name}={value}" for name, value in cell.items())
            raise CemError("\n".join(f"with {where}: {line}" for line in str(error).splitlines())) from None
        grid.append(Planned(cell, stages, model))
    if len(grid) < 2:
        raise CemError("a sweep needs two combinations or more: give `over` an option with several values")
    return grid


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in values.items()}


def _found(planned: Planned) -> Run | None:
    """The newest run that was begun with this configuration: to be gone on with, or finished and still as it would be
    if it were done now."""
    elsewhere = set(ELSEWHERE - {"mirror"})  # what was copied to another address is not to be found at this one
    wanted = planned.stages.config.model_dump(mode="json", exclude=elsewhere)
    for run in runs_in(planned.stages.config.out):
        try:
            same = Config.model_validate(run.config).model_dump(mode="json", exclude=elsewhere) == wanted
            same = same and run.plan["config_folder"] == str(planned.stages.config_folder)
        except (ValidationError, CemError, KeyError):  # another version's
            continue
        if same and run.plan.get("model_fingerprint") == planned.model.fingerprint:
            if not run.finished and is_own(run.folder):
                return run
            if run.finished and not _lacking(planned.stages.working_in(run).looking_only(), planned.model):
                return run
    return None


def _lacks(planned: Planned) -> str:
    """The key of the first stage that no run has yet."""
    return _lacking(planned.stages, planned.model)


def _lacking(stages: Stages, model: Model) -> str:
    try:
        go_rounds(stages, model)
    except Unfinished as missing:
        return missing.key
    return ""


def _go_on(runs: Sequence[Run], progress: bool, registry: Plugins | None) -> Iterable[str]:
    for run in runs:
        try:
            resume(run, progress=progress, registry=registry)
        except CemError as error:
            yield from (f"{run.name}: {line}" for line in str(error).splitlines())
