"""Everything that can be known early to go wrong is said before anything is written below the runs' folder."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cem_toolkit.cluster.joining import check_ray
from cem_toolkit.errors import CemError
from cem_toolkit.models import check_model
from cem_toolkit.neutral import read_neutral
from cem_toolkit.records import Model
from cem_toolkit.roles import Source
from cem_toolkit.stages import Stages


def check_inputs(stages: Stages) -> None:
    """Folders, the model as far as can be seen without loading it, and the tasks. Raises CemError with all problems."""
    config, evaluator = stages.config, stages.crew.evaluator
    for folder in (config.out, stages.cache):
        check_writable(folder)
    named = Model(name=config.model, path=Path(config.model).expanduser(), fingerprint="")
    ctx = stages.context(evaluator, named, 0, existing(config.out))
    checks: list[Callable[[], object]] = [stages.store.check, lambda: check_model(config.model)]
    checks += [lambda: evaluator.check_tasks(config.tasks, ctx)]
    checks += [lambda: evaluator.check_tasks(config.general, ctx)] if config.general else []
    checks += [lambda: read_neutral(stages.config_folder / config.neutral if config.neutral else None)]
    checks += [lambda: _check_arms(stages), stages.guards.check]
    checks += [check_ray] if config.executor == "ray" else []
    _raise_all(checks)


def check_components(stages: Stages, model: Model) -> None:
    """Every component's own check, with the model on disk, and whether the tasks' questions can be had.

    Raises CemError with all problems.
    """
    config, crew, folder = stages.config, stages.crew, existing(stages.config.out)
    checks: list[Callable[[], object]] = [lambda: _check_kinds(stages)]
    checks += [_checking(part, stages.context(part, model, 0, folder)) for _, part in crew.all()]
    ctx = stages.context(crew.evaluator, model, 0, folder)
    checks += [lambda: crew.evaluator.fingerprint_tasks(config.tasks, ctx)]
    checks += [lambda: crew.evaluator.fingerprint_tasks(config.general, ctx)] if config.general else []
    _raise_all(checks)


def check_writable(folder: Path) -> None:
    """Raises CemError where `folder` could not be made or written: tries it, and leaves nothing."""
    there = existing(folder)
    if not there.is_dir():
        raise CemError(f"{folder}: cannot be made, for {there} is a file; choose another folder")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        raise CemError(
            f"{folder}: cannot be written ({error.strerror} in {there}); choose another folder, or mend that"
        ) from None


def existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_arms(stages: Stages) -> None:
    if "random" not in stages.config.arms:
        return
    unable = [source.name for source in stages.crew.sources if type(source).sample is Source.sample]
    if unable:
        raise CemError(f"arms: random: the source {', '.join(unable)} cannot draw random passages; leave random out")


def _check_kinds(stages: Stages) -> None:
    mixer, trainer = stages.crew.mixer, stages.crew.trainer
    if strange := sorted(mixer.kinds - trainer.kinds):
        raise CemError(
            f"plugins: the mixer {mixer.name} makes rows of kind {' and '.join(strange)}, and the trainer "
            f"{trainer.name} takes none; choose another of them"
        )


def _checking(component: Any, ctx: Any) -> Callable[[], object]:
    return lambda: component.check(ctx)


def _raise_all(checks: Iterable[Callable[[], object]]) -> None:
    problems = dict.fromkeys(line for check in checks for line in _complaints(check))
    if problems:
        raise CemError("\n".join(problems))


def _complaints(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except CemError as error:
        yield from str(error).splitlines()
