"""A training run, in the run's own process or launched."""

from collections.abc import Mapping, Sequence
from typing import Any

from cem_toolkit.api import Context, Row
from cem_trl.attempt import attempt
from cem_trl.hardware import choose_device
from cem_trl.launched import attempt_launched
from cem_trl.layout import Layout, choose_layout
from cem_trl.method import Method
from cem_trl.options import TrlOptions
from cem_trl.room import with_fewer_rows
from cem_trl.start import start
from cem_trl.trackers import check_trackers


def check(options: TrlOptions, ctx: Context) -> None:
    """Raises CemError for what would make `train` fail before its first step, without reading weights."""
    check_trackers(options)
    start(options, ctx, _layout(options, ctx))


def train(
    rows: Sequence[Row], options: TrlOptions, ctx: Context, version: str, method: Method | None = None
) -> Mapping[str, Any]:
    """Trains `ctx.model` on `rows` into `ctx.folder / "model"`; returns the figures that `Trl.train` describes."""
    layout = _layout(options, ctx)
    if method:  # which takes the rows of a step as it likes, and so all of them
        return attempt(rows, options, ctx, version, layout, method)

    def once(options: TrlOptions) -> Mapping[str, Any]:
        try_it = attempt_launched if layout.launched else attempt
        return try_it(rows, options, ctx, version, layout)

    return with_fewer_rows(once, options, ctx, lambda options: layout.share(options)[0])


def _layout(options: TrlOptions, ctx: Context) -> Layout:
    return choose_layout(options, ctx, choose_device(options))
