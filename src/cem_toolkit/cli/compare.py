"""`cem-toolkit compare`."""

import json
from contextlib import ExitStack
from pathlib import Path

import click

from cem_toolkit.cli.places import place_options


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(runs: tuple[str, ...], out: str, cache: Path, as_json: bool) -> None:
    """Compare each RUN (a path, name, address, or `latest`) with the first: configuration, and the shipped
    models' results.

    Results are paired question by question, over the questions that all of the runs asked.
    """
    from cem_toolkit.comparing import compare_runs
    from cem_toolkit.errors import CemError
    from cem_toolkit.folders import opened

    with ExitStack() as stack:
        found = [stack.enter_context(opened(name, out, cache)) for name in runs]
        if len({run.folder for run in found}) < max(2, len(found)):
            raise CemError("give two or more runs, each once")
        comparison = compare_runs(found)
        if as_json:
            click.echo(json.dumps(comparison.to_json(), indent=2, default=str))
            return
        from cem_toolkit.cli.compare_tables import print_comparison

        print_comparison(comparison)
