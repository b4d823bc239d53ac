"""What cem-toolkit loads: registers the evaluator, and gives the model's memory back."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cem_toolkit.api import hookimpl

if TYPE_CHECKING:
    from cem_lm_eval.evaluator import LmEval
    from cem_toolkit.run import Stage


@hookimpl
def cem_register_evaluators() -> "Iterable[type[LmEval]]":
    from cem_lm_eval.evaluator import LmEval

    return (LmEval,)


@hookimpl
def cem_stage_started(stage: "Stage") -> None:
    """The model serves one stage after the other; the one that trains needs its memory."""
    if stage.name.rpartition("/")[2] == "train":
        _release_model()


@hookimpl
def cem_stage_failed() -> None:
    _release_model()


@hookimpl
def cem_run_finished() -> None:
    _release_model()


def _release_model() -> None:
    if models := sys.modules.get("cem_lm_eval.models"):
        models.release()
