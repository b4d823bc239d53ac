"""The page about the command line."""

import inspect
from collections.abc import Iterator

import click

from cem_toolkit.cli import COMMANDS, cli
from reference.tables import table


def page() -> str:
    return "\n\n".join(_section(name, command) for name, command in commands())


def gaps() -> Iterator[str]:
    """Options of commands without a help text, a line each."""
    for name, command in commands():
        for option in command.params:
            if isinstance(option, click.Option) and not option.help:
                yield f"cem-toolkit {name}: the option {option.opts[0]} has no help"


def commands() -> list[tuple[str, click.Command]]:
    """The core's commands; those of plugins stand in their READMEs."""
    found = [(name, cli.get_command(click.Context(cli), name)) for name in COMMANDS]
    return [(name, command) for name, command in found if command]


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"cem-toolkit {name}")
    usage = " ".join(command.get_usage(context).removeprefix("Usage:").split())
    parts = [f"## {name}", f"```text\n{usage}\n```", inspect.cleandoc(command.help or "")]
    rows = [_row(option, context) for option in command.params if isinstance(option, click.Option)]
    return "\n\n".join([*parts, table(("option", "description"), rows)] if rows else parts)


def _row(option: click.Option, context: click.Context) -> list[str]:
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    return [", ".join(f"`{each}{value}`" for each in option.opts), option.help or ""]
