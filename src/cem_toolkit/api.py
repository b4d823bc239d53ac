"""All that a plugin author imports."""

from cem_toolkit.errors import CemError, ConfigError
from cem_toolkit.hookspecs import hookimpl
from cem_toolkit.records import Attempt, Hit, Mistake, Model, Passage, Row, content_id, normalise, question_id
from cem_toolkit.roles import Component, Context, Evaluator, Miner, Mixer, Options, Preset, Progress, Source, Trainer

__all__ = [
    "Attempt",
    "CemError",
    "Component",
    "ConfigError",
    "Context",
    "Evaluator",
    "Hit",
    "Miner",
    "Mistake",
    "Mixer",
    "Model",
    "Options",
    "Passage",
    "Preset",
    "Progress",
    "Row",
    "Source",
    "Trainer",
    "content_id",
    "hookimpl",
    "normalise",
    "question_id",
]
