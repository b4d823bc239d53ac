"""Trackers that follow a training, each by transformers' own callback."""

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cem_toolkit.api import CemError, Context
from cem_trl.options import TrlOptions

PROJECT = "cem-toolkit"
FOLDER = "trackers"
"""In the stage's folder."""


def check_trackers(options: TrlOptions) -> None:
    """Raises CemError for a tracker that is not installed."""
    missing = [name for name in options.report_to if importlib.util.find_spec(name) is None]
    if missing:
        raise CemError(f"report_to names {', '.join(missing)}: pip install {' '.join(missing)}, or leave it out")


def run_name(ctx: Context) -> str:
    """What a tracker calls the training: where it lies, so that one that is gone on with is the same."""
    return "/".join(ctx.folder.absolute().parts[-4:]).removesuffix(".partial") + f", seed {ctx.seed}"


@contextmanager
def tracked(options: TrlOptions, ctx: Context) -> Iterator[None]:
    """Trackers write into the stage's folder meanwhile, but for what their own variables in the environment say.

    Not so trackio, which has one folder for a process, read when it is imported: it writes into that of the user.
    """
    wished = {name: value for name, value in _settings(options, ctx).items() if name not in os.environ}
    os.environ.update(wished)
    try:
        yield
    finally:
        if "wandb" in options.report_to and "wandb" in sys.modules:
            # Or the next training of this process would go on with this one's run, in its folder.
            sys.modules["wandb"].finish()
            sys.modules["wandb"].teardown()
        for name in wished:
            os.environ.pop(name, None)


def _settings(options: TrlOptions, ctx: Context) -> Mapping[str, str]:
    folder = (ctx.folder / FOLDER).absolute()

    def place(tracker: str) -> Path:
        (folder / tracker).mkdir(parents=True, exist_ok=True)
        return folder / tracker

    settings: dict[str, str] = {}
    if "tensorboard" in options.report_to:
        settings |= {"TENSORBOARD_LOGGING_DIR": str(place("tensorboard"))}
    if "wandb" in options.report_to:
        settings |= {"WANDB_PROJECT": PROJECT, "WANDB_DIR": str(place("wandb")), "WANDB_SILENT": "true"}
    if "mlflow" in options.report_to:
        database = place("mlflow") / "mlflow.db"
        settings |= {"MLFLOW_EXPERIMENT_NAME": PROJECT, "MLFLOW_TRACKING_URI": f"sqlite:///{database}"}
    return settings
