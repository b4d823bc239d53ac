"""`cem-toolkit plugins`."""

import dataclasses
import json

import click


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(as_json: bool) -> None:
    """List the installed plugins with what they offer, and the broken ones with the reason."""
    from cem_toolkit.cli.tables import print_plugins
    from cem_toolkit.plugins import discover

    found = discover()
    if not as_json:
        print_plugins(found)
        return
    offers = [
        {
            "role": entry.role,
            "name": entry.cls.name,
            "version": entry.cls.version,
            "plugin": entry.plugin,
            "distribution": entry.distribution,
        }
        for entry in found.registered
    ]
    broken = [
        {"plugin": entry.name, "distribution": entry.distribution, "reason": entry.reason} for entry in found.broken
    ]
    deprecated = [dataclasses.asdict(each) for each in found.deprecated]
    click.echo(json.dumps({"components": offers, "broken": broken, "deprecated": deprecated}, indent=2))
