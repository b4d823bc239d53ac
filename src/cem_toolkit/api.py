"""All that a plugin author imports."""

from cem_toolkit.errors import CemError, ConfigError
from cem_toolkit.hookspecs import hookimpl
from cem_toolkit.leaks import Drop, Leak, LeakGuard
from cem_toolkit.records import (
    Attempt,
    Hit,
    Mistake,
    MistakeKind,
    Model,
    Passage,
    Reading,
    Row,
    RowKind,
    content_id,
    normalise,
    question_id,
)
from cem_toolkit.roles import Component, Context, Evaluator, Miner, Mixer, Options, Preset, Progress, Source, Trainer

__all__ = [
    "Attempt",
    "CemError",
    "Component",
    "ConfigError",
    "Context",
    "Drop",
    "Evaluator",
    "Hit",
    "Leak",
    "LeakGuard",
    "Miner",
    "Mistake",
    "MistakeKind",
    "Mixer",
    "Model",
    "Options",
    "Passage",
    "Preset",
    "Progress",
    "Reading",
    "Row",
    "RowKind",
    "Source",
    "Trainer",
    "content_id",
    "hookimpl",
    "normalise",
    "question_id",
]
