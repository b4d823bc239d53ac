"""`cem-toolkit init`."""

from pathlib import Path

import click


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path), default=Path("cem.yaml"))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(file: Path, force: bool) -> None:
    """Write a commented configuration to FILE [cem.yaml]: every option of the installed plugins with its default."""
    from cem_toolkit.errors import CemError
    from cem_toolkit.plugins import discover
    from cem_toolkit.template import configuration

    text = configuration(discover())
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise CemError(f"{file}: is there already; choose another name, or --force to overwrite it") from None
    except OSError as error:
        raise CemError(f"{file}: cannot be written: {error.strerror}") from None
    click.echo(f"wrote {file}; run it with `cem-toolkit evolve --config {file}`")
