"""`cem-toolkit resume`."""

from pathlib import Path
from typing import Literal

import click


@click.command("resume")
@click.argument("run")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=Path("runs"), help="The folder that holds the runs."
)
@click.option(
    "--executor", type=click.Choice(["local", "ray"]), help="As of `evolve` [default: what the run began with]."
)
@click.option("--trust", is_flag=True, help="Also go on with a run that you have not started on this machine.")
def command(run: str, out: Path, executor: Literal["local", "ray"] | None, trust: bool) -> None:
    """Go on with RUN (a path, a name, or `latest`) where it was interrupted. Finished stages are not done again.

    To go on with a run is to do what its configuration says, code included: with --trust only where you know whose it
    is.
    """
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.evolving import resume
    from cem_toolkit.folders import find_run

    print_summary(resume(find_run(run, out), executor=executor, trust=trust).summary())
