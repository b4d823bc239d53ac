"""`cem-toolkit report`."""

from pathlib import Path

import click


@click.command("report")
@click.argument("run", default="latest")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=Path("runs"), help="The folder that holds the runs."
)
@click.option("--to", type=click.Path(path_type=Path), help="Where to write the report [default: the run's folder].")
def command(run: str, out: Path, to: Path | None) -> None:
    """Write the report of RUN (a path, a name, or `latest`) and print where it is.

    One page to decide by (`report.html`), a summary for a pull request (`report.md`), a model card, a dataset card, and
    the list of all text that was trained on.
    """
    from cem_toolkit.folders import opened
    from cem_toolkit.plain import plain
    from cem_toolkit.report import write_report

    with opened(run, out) as found:
        click.echo(plain(write_report(found, to)))
