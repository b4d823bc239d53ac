"""`cem-toolkit resume`."""

from pathlib import Path

import click

from cem_toolkit.cli.places import place_options


@click.command("resume")
@click.argument("run")
@place_options
def command(run: str, out: str, cache: Path) -> None:
    """Go on with RUN (a path, name, address, or `latest`) where it was interrupted.

    Finished stages are not done again.
    """
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.evolving import resume
    from cem_toolkit.folders import find_run

    print_summary(resume(find_run(run, out, cache)).summary())
