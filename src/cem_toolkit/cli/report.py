"""`cem-toolkit report`."""

from pathlib import Path

import click

from cem_toolkit.cli.places import place_options


@click.command("report")
@click.argument("run", default="latest")
@place_options
@click.option("--to", type=click.Path(path_type=Path), help="Where to write the report [default: the run's folder].")
def command(run: str, out: str, cache: Path, to: Path | None) -> None:
    """Write the report of RUN (a path, name, address, or `latest`) and print where it is.

    One page to decide by (`report.html`), a summary for a pull request (`report.md`), a model card, a dataset card, and
    the list of all text that was trained on.
    """
    from cem_toolkit.folders import opened
    from cem_toolkit.plain import plain
    from cem_toolkit.report import write_report

    with opened(run, out, cache) as found:
        click.echo(plain(write_report(found, to)))
