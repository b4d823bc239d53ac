"""Starting, planning and resuming runs: what the command line and notebooks call."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.checks import check_components, check_inputs, existing
from cem_toolkit.config import Config, Crew, merge, read_yaml, resolve, with_preset
from cem_toolkit.console import Screen
from cem_toolkit.differences import NO_RESULT
from cem_toolkit.errors import CemError
from cem_toolkit.folders import create_run, find_run
from cem_toolkit.local import FILE, discover_with
from cem_toolkit.local import NAME as LOCAL
from cem_toolkit.loop import go_rounds
from cem_toolkit.machine import processor
from cem_toolkit.models import NotOnDisk, resolve_model
from cem_toolkit.planning import Plan, make_plan
from cem_toolkit.plugins import Plugins, one_line
from cem_toolkit.records import Model
from cem_toolkit.run import NoRun, Run
from cem_toolkit.stages import Stages
from cem_toolkit.storage.runs import fetch_run
from cem_toolkit.storage.urls import NAME

TOLD = ("cem-toolkit", "lm-eval", "transformers", "torch", "trl", "peft", "datasets", "accelerate", "tokenizers")
"""Distributions whose versions every plan names, besides those of the plugins."""


def evolve(
    config: Path | str | None = None,
    *,
    name: str | None = None,
    progress: bool = True,
    registry: Plugins | None = None,
    **values: Any,
) -> Run:
    """Runs the loop and returns the run.

    `config` is a YAML file; `values` are laid over it and have its names: `model="…", tasks=["…"], rounds=2,
    trainer={"epochs": 3}`. Where model or tasks are missing, a preset fills them in: the one named by `preset="…"`,
    else the embedded one. Where there is a run of that `name`, it is gone on with, so that the same call begins a run
    and goes on with it; without a name each call begins a new one. `progress` False keeps it silent; `registry` are
    plugins that were looked up already. Raises CemError for anything that the caller can mend, before anything is
    written.
    """
    stages = _prepare(config, values, Screen(quiet=not progress), registry)
    if name and (begun := _begun(name, stages.config, stages.screen.log)):
        return resume(begun, progress=progress, registry=registry)
    model = resolve_model(stages.config.model, stages.cache, stages.screen.log)
    check_components(stages, model)
    run = create_run(stages.config.out, stages.config.recorded(), _facts(stages, model), stages.store.taken, name)
    with run.locked(), stages.store.holding(run):
        return _go(run, stages, model)


def resume(run: Run, *, progress: bool = True, registry: Plugins | None = None) -> Run:
    """Goes on with a run where it stopped; finished stages are not done again. Returns the run.

    Raises CemError where another process works on it, or its model, plugins or inputs are not there any more.
    """
    screen, folder = Screen(quiet=not progress), Path(run.plan["config_folder"])
    local = LOCAL in run.plan.get("plugins", {})
    known = registry or discover_with(folder if local else None, screen.log)
    if local and LOCAL not in known.distributions:
        raise CemError(f"{folder / FILE}: is not there any more, and this run needs it: put it back")
    place = {"out": str(run.folder.parent), **({"mirror": run.mirror} if run.mirror else {})}
    config, crew = resolve({**run.config, **place}, known, str(run.folder / "config.yaml"))
    stages = Stages(config, crew, known, screen, folder, None)
    with run.locked():
        check_inputs(stages)
        model = resolve_model(config.model, stages.cache, stages.screen.log)
        if model.fingerprint != run.plan["model_fingerprint"]:
            raise CemError(
                f"{run.folder}: model {config.model} is not the one that this run began with "
                f"({model.fingerprint}, was {run.plan['model_fingerprint']}); start a new run with `cem-toolkit evolve`"
            )
        check_components(stages, model)
        with stages.store.holding(run):
            run.record("run_resumed")
            return _go(run, stages, model)


def _begun(name: str, config: Config, say: Callable[[str], None]) -> Run | None:
    """The run of that name, where it has been begun. Raises CemError where that has another configuration."""
    if not NAME.fullmatch(name) or name == "latest":
        raise CemError(f"name {name!r:.140}: should be letters, digits, and `.`, `-` and `_` between them")
    try:
        run = fetch_run(config.mirror, name, config.out, say) if config.mirror else find_run(name, config.out)
    except NoRun:
        return None
    now, then = ({k: v for k, v in values.items() if k not in NO_RESULT} for values in (config.recorded(), run.config))
    if changed := sorted(option for option in now.keys() | then.keys() if now.get(option) != then.get(option)):
        raise CemError(
            f"{run.folder}: was begun with another configuration ({', '.join(changed)}); give the run another name"
        )
    return run


def plan(config: Path | str | None = None, *, registry: Plugins | None = None, **values: Any) -> Plan:
    """What `evolve` would do, without doing it: nothing is written below `out`. Takes what `evolve` takes.

    The plan has `questions` by task, `stages` with what each would take, `seconds` and `disk_bytes` in all; `to_json()`
    gives everything.
    """
    stages = _prepare(config, values, Screen(quiet=True), registry)
    try:
        model = resolve_model(stages.config.model, stages.cache, stages.screen.log, fetch=False)
    except NotOnDisk:
        return make_plan(stages, None)
    check_components(stages, model)
    return make_plan(stages, model)


def _prepare(file: Path | str | None, values: Mapping[str, Any], screen: Screen, registry: Plugins | None) -> Stages:
    path = Path(file) if file else None
    folder = path.parent.resolve() if path else Path.cwd()
    written = merge(
        read_yaml(path) if path else {}, {name: value for name, value in values.items() if value is not None}
    )
    said: list[str] = []
    known = registry or discover_with(folder if path else None, said.append)
    said += [f"plugin {old.plugin} ({old.distribution}): {old.message}" for old in known.deprecated]
    config, crew = resolve(with_preset(written, known, said.append), known, str(path) if path else "configuration")
    local = folder / Path(config.model).expanduser()
    places = {"out": config.out.expanduser().resolve(), "model": str(local) if local.exists() else config.model}
    stages = Stages(config.model_copy(update=places), crew, known, screen, folder, None)
    check_inputs(stages)
    for line in said:  # only now, so that an error stands alone
        screen.log(line)
    return stages


def _go(run: Run, stages: Stages, model: Model) -> Run:
    working = stages.of_run(run)
    working.screen.log(f"run {run.name} in {run.folder}")
    working.notify("cem_run_started")
    note = go_rounds(working, model)
    run.record("run_finished", note=note)
    _report(working, run)
    working.notify("cem_run_finished")
    working.store.keep(run.folder / "events.jsonl")
    if note:
        working.screen.log(note)
    return run


def _report(stages: Stages, run: Run) -> None:
    """Writes the report. Whatever is wrong with it, the run itself is done and whole."""
    try:
        from cem_toolkit.report import FILES, write_report

        stages.screen.log(f"report: {write_report(run)}")
        stages.store.keep(*(run.folder / name for name in FILES))
    except Exception as error:
        stages.log(
            f"the report could not be written: {one_line(error)}; mend that, then `cem-toolkit report {run.name}`"
        )


def _facts(stages: Stages, model: Model) -> dict[str, Any]:
    config: Config = stages.config
    crew: Crew = stages.crew
    return {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "config_folder": str(stages.config_folder),
        "model": config.model,
        "model_fingerprint": model.fingerprint,
        "seed": config.seed,
        "components": {
            place: {"name": part.name, "version": part.version, "options": part.options.model_dump(mode="json")}
            for place, part in crew.all()
        },
        "plugins": stages.plugins.distributions,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "cores": os.cpu_count(),
            "disk_free_bytes": shutil.disk_usage(existing(config.out)).free,
        },
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in TOLD:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
