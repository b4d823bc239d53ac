"""The hooks that plugins may implement. Hooks only ever gain parameters; an implementation takes those it wants.

A registration hook returns classes and imports nothing heavy. Observer hooks are called one by one; an observer that
raises is logged under its plugin's name and never stops a run.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from cem_toolkit.roles import Evaluator, Miner, Mixer, Preset, Rewriter, Source, Trainer
    from cem_toolkit.run import Round, Run, Stage

PROJECT = "cem_toolkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def cem_register_evaluators() -> "Iterable[type[Evaluator]]":
    """Evaluator classes.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_miners() -> "Iterable[type[Miner]]":
    """Mistake miner classes.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_sources() -> "Iterable[type[Source]]":
    """Knowledge source classes.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_rewriters() -> "Iterable[type[Rewriter]]":
    """Classes that say what passages say in other words.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_mixers() -> "Iterable[type[Mixer]]":
    """Data mixer classes.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_trainers() -> "Iterable[type[Trainer]]":
    """Trainer classes.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_presets() -> "Iterable[type[Preset]]":
    """Presets: ready configurations under a name.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_commands(cli: "click.Group") -> None:
    """Adds commands to the command line, by `cli.command(…)`.

    .. versionadded:: 0.1
    """


@hookspec
def cem_run_started(run: "Run") -> None:
    """A run begins or is resumed; its folder and plan are written.

    .. versionadded:: 0.1
    """


@hookspec
def cem_run_finished(run: "Run") -> None:
    """All rounds of a run are done.

    .. versionadded:: 0.1
    """


@hookspec
def cem_round_finished(run: "Run", round: "Round") -> None:
    """A round's model is trained and evaluated.

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_started(run: "Run", stage: "Stage") -> None:
    """A stage that could not be reused begins to work.

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_finished(run: "Run", stage: "Stage") -> None:
    """A stage's results lie in the run's folder, worked out now or reused (`stage.reused`).

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_failed(run: "Run", stage: "Stage", error: BaseException) -> None:
    """A stage raised; the run ends after this, and can be resumed.

    .. versionadded:: 0.1
    """
