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
"""Marks a function of a plugin, or a method of its plugin object, as the implementation of the hook of that name."""


@hookspec
def cem_register_evaluators() -> "Iterable[type[Evaluator]]":
    """The evaluators that the plugin offers: subclasses of `Evaluator`.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_miners() -> "Iterable[type[Miner]]":
    """The mistake miners that the plugin offers: subclasses of `Miner`.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_sources() -> "Iterable[type[Source]]":
    """The knowledge sources that the plugin offers: subclasses of `Source`.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_rewriters() -> "Iterable[type[Rewriter]]":
    """The rewriters that the plugin offers: subclasses of `Rewriter`, which say what passages say in other words.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_mixers() -> "Iterable[type[Mixer]]":
    """The data mixers that the plugin offers: subclasses of `Mixer`.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_trainers() -> "Iterable[type[Trainer]]":
    """The trainers that the plugin offers: subclasses of `Trainer`.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_presets() -> "Iterable[type[Preset]]":
    """The presets that the plugin offers: subclasses of `Preset`, ready configurations under a name.

    .. versionadded:: 0.1
    """
    return ()


@hookspec
def cem_register_commands(cli: "click.Group") -> None:
    """Adds commands to the command line, by `cli.command(…)` or `cli.add_command(…)`.

    Called when commands are listed, or one is asked for that the core does not have. Import what a command needs inside
    the command.

    .. versionadded:: 0.1
    """


@hookspec
def cem_run_started(run: "Run") -> None:
    """A run begins or is resumed; its folder and plan are written. `run.folder` is where it lies.

    .. versionadded:: 0.1
    """


@hookspec
def cem_run_finished(run: "Run") -> None:
    """All rounds of a run are done; `run.summary()` tells what they did.

    .. versionadded:: 0.1
    """


@hookspec
def cem_round_finished(run: "Run", round: "Round") -> None:
    """A round's model is trained and evaluated, and the gate has decided about it.

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_started(run: "Run", stage: "Stage") -> None:
    """A stage that could not be reused begins to work: `stage.name` of `stage.round`.

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_finished(run: "Run", stage: "Stage") -> None:
    """A stage's results lie in the run's folder, worked out now or reused (`stage.reused`).

    A resumed run tells again of those that were finished before: count by `stage.round` and `stage.name`.

    .. versionadded:: 0.1
    """


@hookspec
def cem_stage_failed(run: "Run", stage: "Stage", error: BaseException) -> None:
    """A stage raised; the run ends after this, and can be resumed.

    .. versionadded:: 0.1
    """
