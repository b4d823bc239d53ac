"""The pages about configuration: the options of a run, and those of every bundled component."""

import inspect
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from cem_toolkit.config import Config
from cem_toolkit.plugins import MANY, ROLES, Registered, discover
from cem_toolkit.roles import Preset
from reference.tables import options_table

ROOT = Path(__file__).parents[3]


def configuration() -> str:
    """The page about a run's options: first those at the top, then those of each section."""
    sections = "\n\n".join(
        f"## {name}\n\n{inspect.cleandoc(model.__doc__ or '')}\n\n{options_table(model)}" for name, model in _sections()
    )
    return f"## At the top\n\n{options_table(Config, nested=False)}\n\n{sections}"


def page() -> str:
    """The page about every bundled component, by role."""
    parts = []
    for role in (*ROLES, "preset"):
        parts.append(f"## {role.capitalize()}s")
        for each in (each for each in bundled() if each.role == role):
            parts.append(f"### {role} {each.cls.name}")
            parts.append(f"From `{each.distribution.split()[0]}`. {_where(each)}".rstrip())
            parts.append(inspect.cleandoc(each.cls.__doc__ or ""))
            if issubclass(each.cls, Preset):
                parts.append(f"It brings {each.cls.summary}.")
            else:
                parts.append(options_table(each.cls.Options))
    return "\n\n".join(parts)


def options(role: str, name: str) -> str:
    """The table of one component's options. Raises SystemExit where there is no such component."""
    for each in bundled():
        if (each.role, each.cls.name) == (role, name):
            return options_table(each.cls.Options)
    raise SystemExit(f"no bundled {role} is called {name!r}")


def gaps() -> Iterator[str]:
    """Options without a description and components without a docstring, a line each."""
    yield from _without_description("the configuration", Config)
    for where, model in _sections():
        yield from _without_description(where, model)
    for each in bundled():
        if not each.cls.__doc__:
            yield f"{each.role} {each.cls.name} has no docstring"
        yield from _without_description(f"{each.role} {each.cls.name}", each.cls.Options)


@cache
def bundled() -> list[Registered]:
    """The components of this repository's distributions, those of others left out. Raises SystemExit where one of them
    is not installed, or broken."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    projects = [tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in files]
    names = {project["name"] for project in projects if "cem_toolkit" in project.get("entry-points", {})}
    found = discover()
    present = {distribution.split()[0] for distribution in found.distributions.values()}
    if missing := sorted(names - present):
        raise SystemExit(f"not installed: {', '.join(missing)}; `make` installs what requirements.txt names")
    for each in found.broken:
        if each.distribution.split()[0] in names:
            raise SystemExit(f"the plugin {each.name} of {each.distribution} is broken: {each.reason}")
    ours = [each for each in found.registered if each.distribution.split()[0] in names]
    return sorted(ours, key=lambda each: (each.distribution.split()[0] != "cem-toolkit", each.cls.name))


def _sections() -> list[tuple[str, type[BaseModel]]]:
    return [
        (name, field.annotation)
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]


def _where(each: Registered) -> str:
    if each.role == "preset":
        return f"Chosen by `--preset {each.cls.name}`."
    section = f"{each.role}s: {{{each.cls.name}: …}}" if each.role in MANY else f"{each.role}: …"
    return f"Its options stand in the section `{section}`."


def _without_description(where: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if not field.description:
            yield f"{where}: the option {name} has no description"
