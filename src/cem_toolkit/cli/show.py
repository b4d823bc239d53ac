"""`cem-toolkit show`."""

import json
from pathlib import Path

import click

from cem_toolkit.cli.places import place_options


@click.command("show")
@click.argument("run", default="latest")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(run: str, out: str, cache: Path, as_json: bool) -> None:
    """Tell what RUN (a path, name, address, or `latest`) did: what was fixed, what broke, and what it cost."""
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.folders import opened

    with opened(run, out, cache) as found:
        summary = found.summary()
        click.echo(json.dumps(summary, indent=2)) if as_json else print_summary(summary)
