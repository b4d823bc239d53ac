"""All that a plugin author imports. Each name is loaded when it is first used, so that a module that takes `hookimpl`
alone, as those that register plugins should, costs `cem-toolkit --help` nothing."""

import importlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cem_toolkit.errors import CemError, ConfigError
    from cem_toolkit.files import file_hash, name_beside, replacing
    from cem_toolkit.hookspecs import hookimpl
    from cem_toolkit.leaks import Drop, Leak, LeakGuard
    from cem_toolkit.models import Embedder, load_tokenizer, resolve_model
    from cem_toolkit.neutral import read_neutral, score_neutral
    from cem_toolkit.parsing import parse_json
    from cem_toolkit.plugins import find_component
    from cem_toolkit.probes import ask_probes
    from cem_toolkit.records import (
        Attempt,
        Hit,
        Mistake,
        MistakeKind,
        Model,
        Passage,
        Reading,
        Rewrite,
        RewriteKind,
        Row,
        RowKind,
        content_id,
        normalise,
        question_id,
    )
    from cem_toolkit.roles import (
        Component,
        Context,
        Evaluator,
        Miner,
        Mixer,
        Options,
        Preset,
        Progress,
        Rewriter,
        Source,
        Trainer,
    )
    from cem_toolkit.storage.shared import fetch_folder, send_folder

__all__ = [
    "Attempt",
    "CemError",
    "Component",
    "ConfigError",
    "Context",
    "Drop",
    "Embedder",
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
    "Rewrite",
    "RewriteKind",
    "Rewriter",
    "Row",
    "RowKind",
    "Source",
    "Trainer",
    "ask_probes",
    "content_id",
    "fetch_folder",
    "file_hash",
    "find_component",
    "hookimpl",
    "load_tokenizer",
    "name_beside",
    "normalise",
    "parse_json",
    "question_id",
    "read_neutral",
    "replacing",
    "resolve_model",
    "score_neutral",
    "send_folder",
]

_HOMES = {
    "errors": ("CemError", "ConfigError"),
    "files": ("file_hash", "name_beside", "replacing"),
    "hookspecs": ("hookimpl",),
    "leaks": ("Drop", "Leak", "LeakGuard"),
    "models": ("Embedder", "load_tokenizer", "resolve_model"),
    "neutral": ("read_neutral", "score_neutral"),
    "parsing": ("parse_json",),
    "plugins": ("find_component",),
    "probes": ("ask_probes",),
    "records": (
        "Attempt",
        "Hit",
        "Mistake",
        "MistakeKind",
        "Model",
        "Passage",
        "Reading",
        "Rewrite",
        "RewriteKind",
        "Row",
        "RowKind",
        "content_id",
        "normalise",
        "question_id",
    ),
    "roles": (
        "Component",
        "Context",
        "Evaluator",
        "Miner",
        "Mixer",
        "Options",
        "Preset",
        "Progress",
        "Rewriter",
        "Source",
        "Trainer",
    ),
    "storage.shared": ("fetch_folder", "send_folder"),
}


_RENAMED: dict[str, str] = {}
"""Old names to those that took their place. They go when the first number of `compat.API` rises."""


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        from cem_toolkit.compat import CemDeprecationWarning

        message = f"cem_toolkit.api.{name} is now called {_RENAMED[name]}"
        warnings.warn(message, CemDeprecationWarning, stacklevel=2)
        return getattr(sys.modules[__name__], _RENAMED[name])
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(importlib.import_module(f"cem_toolkit.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
