"""`cem-toolkit new-plugin`."""

import shlex
from pathlib import Path

import click

from cem_toolkit.plugins import ROLES


@click.command("new-plugin")
@click.argument("role", type=click.Choice(ROLES), metavar="ROLE")
@click.argument("name")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path(), help="The folder to write the package into [default: .]."
)
def command(role: str, name: str, into: Path) -> None:
    """Write the package of a plugin NAME that fills ROLE: evaluator, miner, source, rewriter, mixer or trainer.

    It works as it is, with types and tests, for you to put your own work in the place of the example's. Nothing is
    overwritten.
    """
    from cem_toolkit.plugins import discover
    from cem_toolkit.scaffold import TRIAL, write_plugin

    folder = shlex.quote(str(write_plugin(role, name, into, discover())))
    install = f"./{folder}" if into == Path() else folder
    click.echo(f"wrote {folder}; next:")
    click.echo(f"  pip install --editable {shlex.quote(f'{install}[test]')}")
    click.echo(f"  pytest {folder}")
    click.echo(f"  cem-toolkit check {name}{TRIAL.get(role, '').format(folder=folder)}")
