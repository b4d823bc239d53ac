"""Runs the conformance suites on an installed component, with the options that a configuration gives it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cem_toolkit.config import Config, option_problems
from cem_toolkit.errors import CemError, ConfigError
from cem_toolkit.plugins import DEFAULTS, MANY, Plugins, Registered
from cem_toolkit.testing import ComponentTests
from cem_toolkit.testing.running import SUITES


def find_components(plugins: Plugins, name: str, role: str | None = None) -> list[Registered]:
    """What is called `name`, in one role or in several. Raises CemError where nothing is, or two of one role are."""
    found = [entry for entry in plugins.registered if entry.cls.name == name and entry.role in SUITES]
    wanted = [entry for entry in found if role in (None, entry.role)]
    if found and not wanted:
        raise CemError(f"{name!r} is no {role} but a {' and a '.join(entry.role for entry in found)}")
    if not wanted:
        raise CemError(plugins.unknown(name, role or "component"))
    for entry in wanted:
        plugins.get(entry.role, name)
    return wanted


def options_in(values: Mapping[str, Any], entry: Registered, plugins: Plugins) -> dict[str, Any]:
    """The options that a configuration of `values` has for a component: none where it chooses another of its role."""
    role, name = entry.role, entry.cls.name
    if role in MANY:
        section = (values.get(f"{role}s") or {}).get(name)
    else:
        chosen = values.get("plugins") or Config.model_fields["plugins"].default
        named = [each for each in chosen if each in plugins.names(role)] or [DEFAULTS.get(role)]
        section = values.get(role) if name in named else None
    return dict(section) if isinstance(section, Mapping) else {}


def make_suite(
    entry: Registered, options: Mapping[str, Any], config_folder: Path, cache: Path, where: str
) -> type[ComponentTests]:
    """The suite of the component's role over it. `where` names the origin of the options in messages.

    Raises ConfigError for options that it does not have, all of them, a line each."""
    try:
        entry.cls.Options.model_validate(options)
    except ValidationError as error:
        raise ConfigError(option_problems(error, entry.cls.Options, where)) from None
    fields = {"component": entry.cls, "options": options, "config_folder": config_folder, "cache": cache}
    return type("Check", (SUITES[entry.role],), fields)
