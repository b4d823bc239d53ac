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
    """What a tracker calls the training."""
    return f"{ctx.model.name}, round {ctx.round}, seed {ctx.seed}"


@contextmanager
def tracked(options: TrlOptions, ctx: Context) -> Iterator[None]:
    """Trackers write into the stage's folder meanwhile, but for what their own variables in the environment say."""
    wished = {name: value for name, value in _settings(options, ctx).items() if name not in os.environ}
    os.environ.update(wished)
    try:
        yield
    finally:
        if "wandb" in options.report_to and "wandb" in sys.modules:
            sys.modules["wandb"].teardown()  # or the next training of this process goes on with this one's
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
    if "trackio" in options.report_to:
        settings |= {"TRACKIO_DIR": str(place("trackio"))}
    if "wandb" in options.report_to:
        settings |= {"WANDB_PROJECT": PROJECT, "WANDB_DIR": str(place("wandb")), "WANDB_SILENT": "true"}
    if "mlflow" in options.report_to:
        database = place("mlflow") / "mlflow.db"
        settings |= {"MLFLOW_EXPERIMENT_NAME": PROJECT, "MLFLOW_TRACKING_URI": f"sqlite:///{database}"}
    return settings
