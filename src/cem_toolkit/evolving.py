"""Starting, planning and resuming runs: what the command line and notebooks call."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cem_toolkit.checks import check_components, check_inputs, existing
from cem_toolkit.config import Config, Crew, merge, read_yaml, resolve, with_preset
from cem_toolkit.console import Screen
from cem_toolkit.differences import ELSEWHERE
from cem_toolkit.errors import CemError, one_line
from cem_toolkit.files import remove_abandoned
from cem_toolkit.folders import create_run, find_run, remove_half_made
from cem_toolkit.local import FILE, discover_with
from cem_toolkit.local import NAME as LOCAL
from cem_toolkit.loop import go_rounds
from cem_toolkit.machine import processor
from cem_toolkit.models import NotOnDisk, resolve_model
from cem_toolkit.planning import Plan, make_plan
from cem_toolkit.plugins import Plugins
from cem_toolkit.records import Model
from cem_toolkit.resuming import resumable
from cem_toolkit.run import NoRun, Run
from cem_toolkit.secrets import redact
from cem_toolkit.stages import Stages
from cem_toolkit.storage.runs import fetch_run
from cem_toolkit.storage.urls import NAME
from cem_toolkit.trust import is_own

if TYPE_CHECKING:
    from cem_toolkit.cluster.rounds import Others

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
    stages = prepare(config, values, Screen(quiet=not progress), registry)
    if name and (begun := _begun(name, stages)):
        by = {"executor": stages.config.executor, "ray": stages.config.ray}
        return _go_on(begun, progress, registry, by)  # without asking: the caller says what to do again
    model = resolve_model(stages.config.model, stages.cache, stages.screen.log)
    check_components(stages, model)
    run = begin(stages, model, name)
    with run.locked(), stages.store.holding(run):
        return _go(run, stages, model)


def begin(stages: Stages, model: Model, name: str | None = None) -> Run:
    """A new run in a folder of its own, of which nothing is done yet."""
    config = stages.config
    return create_run(config.out, config.recorded(), _facts(stages, model), stages.store.taken, name)


def resume(
    run: Run,
    *,
    progress: bool = True,
    registry: Plugins | None = None,
    executor: Literal["local", "ray"] | None = None,
    trust: bool = False,
) -> Run:
    """Goes on with a run where it stopped; finished stages are not done again. Returns the run.

    `executor` is the run's own where it is not given. What its configuration names is read, asked and run. So a run
    that this user has not started on this machine is only gone on with where `trust` says so. Raises CemError where it
    is not, where another process works on it, or its model, plugins or inputs are not there any more.
    """
    if not trust and not is_own(run.folder):
        raise CemError(
            f"{run.folder}: you have not started this run on this machine, and to go on with it is to do what its "
            f"configuration says: look at config.yaml and plan.json, then `cem-toolkit resume {run.name} --trust`"
        )
    return _go_on(run, progress, registry, {"executor": executor} if executor else {})


def _go_on(run: Run, progress: bool, registry: Plugins | None, by: Mapping[str, Any]) -> Run:
    """`by` is what does the work now, laid over the run's own configuration."""
    stages = stages_of(run, Screen(quiet=not progress), registry)
    stages.config = stages.config.model_copy(update=by)
    with run.locked():
        check_inputs(stages)
        model = _model_of(run, stages)
        check_components(stages, model)
        remove_half_made(run.folder.parent)
        with stages.store.holding(run):
            run.record("run_resumed")
            return _go(run, stages, model)


def open_run(run: Run, screen: Screen, registry: Plugins | None) -> tuple[Stages, Model]:
    """The stages of a run, of which nothing is written yet, and the model that it began with.

    Raises CemError where model or plugins are not there any more.
    """
    stages = stages_of(run, screen, registry)
    return stages, _model_of(run, stages)


def stages_of(run: Run, screen: Screen, registry: Plugins | None) -> Stages:
    """As the run's configuration says, with what is installed. Raises CemError where a plugin is not there any more."""
    folder = Path(run.plan["config_folder"])
    local = LOCAL in run.plan.get("plugins", {})
    known = registry or discover_with(folder if local else None, screen.log)
    if local and LOCAL not in known.distributions:
        raise CemError(f"{folder / FILE}: is not there any more, and this run needs it: put it back")
    place = {"out": str(run.folder.parent), **({"mirror": run.mirror} if run.mirror else {})}
    config, crew = resolve({**run.config, **place}, known, str(run.folder / "config.yaml"))
    return Stages(config, crew, known, screen, folder, None)


def _model_of(run: Run, stages: Stages) -> Model:
    model = resolve_model(stages.config.model, stages.cache, stages.screen.log)
    if model.fingerprint != run.plan["model_fingerprint"]:
        raise CemError(
            f"{run.folder}: model {stages.config.model} is not the one that this run began with "
            f"({model.fingerprint}, was {run.plan['model_fingerprint']}); start a new run with `cem-toolkit evolve`"
        )
    return model


def _begun(name: str, stages: Stages) -> Run | None:
    """The run of that name, where it has been begun. Raises CemError where that has another configuration."""
    if not NAME.fullmatch(name) or name == "latest":
        raise CemError(f"name {name!r:.140}: should be letters, digits, and `.`, `-` and `_` between them")
    config = stages.config
    try:
        if config.mirror:
            run = fetch_run(config.mirror, name, config.out, stages.screen.log)
        else:
            run = find_run(name, config.out)
    except NoRun:
        return None
    now, then = ({k: v for k, v in values.items() if k not in ELSEWHERE} for values in (config.recorded(), run.config))
    changed = sorted(option for option in now.keys() | then.keys() if now.get(option) != then.get(option))
    if Path(run.plan["config_folder"]) != stages.config_folder:
        changed.append("the folder of the configuration")
    if changed:
        raise CemError(
            f"{run.folder}: was begun with another configuration ({', '.join(changed)}); give the run another name"
        )
    return run


def plan(config: Path | str | None = None, *, registry: Plugins | None = None, **values: Any) -> Plan:
    """What `evolve` would do, without doing it: nothing is written below `out`. Takes what `evolve` takes.

    The plan has `questions` by task, `stages` with what each would take, `seconds` and `disk_bytes` in all; `to_json()`
    gives everything.
    """
    stages = prepare(config, values, Screen(quiet=True), registry)
    try:
        model = resolve_model(stages.config.model, stages.cache, stages.screen.log, fetch=False)
    except NotOnDisk:
        return make_plan(stages, None)
    check_components(stages, model)
    return make_plan(stages, model)


def prepare(file: Path | str | None, values: Mapping[str, Any], screen: Screen, registry: Plugins | None) -> Stages:
    """The stages of a run that is not begun yet, by a configuration that is whole and checked. Raises CemError with all
    that is wrong."""
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
    for folder in run.folder.glob("round-*"):
        remove_abandoned(folder, all_of_them=True)  # nobody else may write there
    for folder in (run.folder, stages.cache):
        remove_abandoned(folder)
    with resumable(run.folder):
        working.notify("cem_run_started")
        with _others(run, stages) as others:
            working.portions = others.portions if others else None
            note = go_rounds(working, model, others.train if others else None)
        run.record("run_finished", note=note)
        _report(working, run)
        working.notify("cem_run_finished")
        working.store.keep(run.folder / "events.jsonl")
    if note:
        working.screen.log(note)
    return run


def _others(run: Run, stages: Stages) -> "AbstractContextManager[Others | None]":
    """Other processes to work in, where the configuration asks for any."""
    if stages.config.executor == "local":
        return nullcontext()
    from cem_toolkit.cluster.rounds import Others

    return Others(run, stages.config, stages.screen)


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
    facts = {
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
    return redact(facts)


def _versions() -> dict[str, str]:
    found = {}
    for name in TOLD:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
