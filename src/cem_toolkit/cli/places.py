"""The options of every command that is given a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

C = TypeVar("C", bound=Callable[..., Any])


def place_options(command: C) -> C:
    """`--out` and `--cache`: where runs lie, and where what is fetched of those on storage goes."""
    cache = click.option(
        "--cache",
        type=click.Path(path_type=Path),
        default=Path("~/.cache/cem-toolkit"),
        help="Where what is fetched of runs on storage goes [default: ~/.cache/cem-toolkit].",
    )
    out = click.option(
        "--out", "-o", default="runs", help="The folder that holds the runs, or its address (s3://bucket/runs)."
    )
    return out(cache(command))
