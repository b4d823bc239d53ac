"""The commented configuration that `cem-toolkit init` writes, made from the options' own descriptions."""

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from cem_toolkit.config import Config
from cem_toolkit.plugins import DEFAULTS, MANY, Plugins
from cem_toolkit.roles import ROLES

HEAD = """\
# A configuration of cem-toolkit: `cem-toolkit evolve --config FILE`, or first with `--dry-run`.
# Lines that begin with `#` show defaults; take the sign away to change one.
"""
EXAMPLE = {"model": "google/gemma-3-270m", "tasks": ["arc_easy"]}
SECTIONS = ("evaluator", "miner", "sources", "rewriters", "mixer", "trainer")


def configuration(plugins: Plugins) -> str:
    """A configuration that is ready to run, with every option of the installed components."""
    lines = [HEAD]
    for name, field in Config.model_fields.items():
        if name not in SECTIONS:
            lines += _option(name, field.description or "", field.default, 0, given=EXAMPLE.get(name))
    for role in ROLES:
        section = f"{role}s" if role in MANY else role
        lines.append(f"\n# {Config.model_fields[section].description}")
        lines.append(f"{section}:")
        for name in plugins.names(role):
            chosen = name == DEFAULTS.get(role) or name in Config.model_fields["plugins"].default
            note = "" if chosen else " (where chosen by plugins)"
            several = f"  {name}:" if chosen else f"  # {name}:  # where chosen by plugins"
            lines.append(several if role in MANY else f"  # {role} {name}{note}:")
            lines += _options(plugins.get(role, name).Options, 4 if role in MANY else 2)
        if role in MANY and not plugins.names(role):
            lines[-1] = f"{section}: {{}}"
    return "\n".join(lines) + "\n"


def _options(model: type[BaseModel], indent: int) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        yield from _option(name, field.description or "", default, indent)


def _option(name: str, description: str, default: Any, indent: int, given: Any = None) -> list[str]:
    pad = " " * indent
    lines = textwrap.wrap(description, 110 - indent, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ")
    if given is not None:
        return [*lines, f"{pad}{name}: {yaml_value(given)}"]
    return [*lines, f"{pad}# {name}: {'' if default is PydanticUndefined else yaml_value(default)}".rstrip()]


def yaml_value(value: Any) -> str:
    """A value as it may stand behind a name in YAML, in one line."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if not isinstance(value, str | int | float | bool | list | dict | tuple | None):
        value = str(value)
    value = list(value) if isinstance(value, tuple) else value
    return (
        str(yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000))
        .removesuffix("...\n")
        .strip()
    )
