"""The plugin API as data, to be compared with what an older version offered."""

import dataclasses
import inspect
from typing import Any

from cem_toolkit import api, hookspecs, records, roles
from cem_toolkit.plugins import ROLES


def surface() -> dict[str, Any]:
    """Hooks with their parameters; roles with their methods and those that a subclass must have; records' fields, and
    those that they cannot lack; what a context offers; the names of `cem_toolkit.api`."""
    hooks = {name: _parameters(value) for name, value in vars(hookspecs).items() if name.startswith("cem_")}
    classes = {role: roles.ROLES[role] for role in ROLES} | {"preset": roles.Preset}
    made = {
        name: getattr(records, name) for name in ("Attempt", "Mistake", "Hit", "Passage", "Rewrite", "Row", "Model")
    }
    return {
        "hooks": hooks,
        "roles": {
            role: {
                "methods": {
                    name: _parameters(method)
                    for name, method in inspect.getmembers(cls, inspect.isfunction)
                    if not name.startswith("_")
                },
                "required": sorted(cls.__abstractmethods__),
            }
            for role, cls in classes.items()
        },
        "records": {
            name: {
                "fields": [field.name for field in dataclasses.fields(cls)],
                "required": [f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING],
            }
            for name, cls in made.items()
        },
        "context": [field.name for field in dataclasses.fields(roles.Context)],
        "api": sorted(api.__all__),
    }


def _parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]
