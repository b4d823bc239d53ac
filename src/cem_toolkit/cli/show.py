"""`cem-toolkit show`."""

import json
from pathlib import Path

import click


@click.command("show")
@click.argument("run", default="latest")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=Path("runs"), help="The folder that holds the runs."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(run: str, out: Path, as_json: bool) -> None:
    """Tell what RUN (a path, a name, or `latest`) did: what was fixed, what broke, and what it cost."""
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.folders import opened

    with opened(run, out) as found:
        summary = found.summary()
        click.echo(json.dumps(summary, indent=2)) if as_json else print_summary(summary)
