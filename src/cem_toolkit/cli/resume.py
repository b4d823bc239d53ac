"""`cem-toolkit resume`."""

from pathlib import Path
from typing import Literal

import click

from cem_toolkit.cli.places import place_options


@click.command("resume")
@click.argument("run")
@place_options
@click.option(
    "--executor", type=click.Choice(["local", "ray"]), help="As of `evolve` [default: what the run began with]."
)
@click.option("--trust", is_flag=True, help="Also go on with a run that you have not started on this machine.")
def command(run: str, out: str, cache: Path, executor: Literal["local", "ray"] | None, trust: bool) -> None:
    """Go on with RUN (a path, name, address, or `latest`) where it was interrupted.

    Finished stages are not done again. To go on with a run is to do what its configuration says, code included: with
    --trust only where you know whose it is.
    """
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.evolving import resume
    from cem_toolkit.folders import find_run

    print_summary(resume(find_run(run, out, cache), executor=executor, trust=trust).summary())
