"""`cem-toolkit plugins`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cem_toolkit.plugins import Plugins, Registered


@click.command("plugins")
@click.argument("name", required=False)
@click.option(
    "--config", "-c", type=click.Path(path_type=Path), help="A configuration: also list the cem_plugins.py beside it."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, options included.")
def command(name: str | None, config: Path | None, as_json: bool) -> None:
    """List the installed plugins with what they offer, and the broken ones with the reason.

    With NAME, of a component or of a plugin, tell what can be set about it.
    """
    from cem_toolkit.cli.plugin_tables import print_components, print_plugins
    from cem_toolkit.config import read_yaml
    from cem_toolkit.inventory import inventory
    from cem_toolkit.local import discover_with

    if config:
        read_yaml(config)  # a name that is mistyped executes nothing
    folder = config.parent.resolve() if config else None
    found = discover_with(folder, lambda line: click.echo(line, err=True))
    entries = _named(found, name) if name else None
    if as_json:
        click.echo(json.dumps(inventory(found, entries), indent=2))
    elif entries is not None:
        print_components(entries)
    else:
        print_plugins(found)


def _named(found: "Plugins", name: str) -> "list[Registered]":
    from cem_toolkit.errors import CemError

    named = [entry for entry in found.registered if name in (entry.cls.name, entry.plugin)]
    if not named and name in found.distributions and name not in (broken.name for broken in found.broken):
        raise CemError(f"plugin {name!r} ({found.distributions[name]}) offers no component, only hooks or commands")
    if not named:
        raise CemError(found.unknown(name))
    return named
