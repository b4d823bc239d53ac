"""`cem-toolkit compare`."""

import json
from contextlib import ExitStack
from pathlib import Path

import click


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=Path("runs"), help="The folder that holds the runs."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(runs: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Compare each RUN (a path, a name, or `latest`) with the first: configuration, and results of the shipped models.

    Results are paired question by question, over the questions that all of the runs asked.
    """
    from cem_toolkit.comparing import compare_runs
    from cem_toolkit.errors import CemError
    from cem_toolkit.folders import opened

    with ExitStack() as stack:
        found = [stack.enter_context(opened(name, out)) for name in runs]
        if len({run.folder for run in found}) < max(2, len(found)):
            raise CemError("give two or more runs, each once")
        comparison = compare_runs(found)
        if as_json:
            click.echo(json.dumps(comparison.to_json(), indent=2, default=str))
            return
        from cem_toolkit.cli.compare_tables import print_comparison

        print_comparison(comparison)
