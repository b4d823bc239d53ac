"""`cem-toolkit sweep`."""

import json
from pathlib import Path
from typing import Any

import click

from cem_toolkit.cli.evolve import chosen, run_options


@click.command("sweep")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="NAME=VALUE,VALUE",
    help="An option, as --set names it, with the values to try, such as trainer.strength=careful,balanced; repeatable: "
    "every combination is a run.",
)
@run_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    config: Path | None,
    over: tuple[str, ...],
    assignments: tuple[str, ...],
    strength: str | None,
    executor: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Run the loop with every combination of options, CONFIG being a YAML file, and compare the results.

    Each is an ordinary run below the folder of runs. What they share is done once, and the same sweep again goes on
    where it was interrupted. With `--executor ray` the runs are done side by side.
    """
    from cem_toolkit.cli.sweep_tables import print_sweep
    from cem_toolkit.sweeping import read_axis, sweep

    axes = dict(read_axis(axis) for axis in over)
    values = chosen(given, strength, assignments)
    done = sweep(config, over=axes, executor="ray" if executor == "ray" else "local", **values)
    click.echo(json.dumps(done.to_json(), indent=2)) if as_json else print_sweep(done)
