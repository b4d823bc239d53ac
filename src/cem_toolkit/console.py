"""What the user sees while a run works: bars with the time left on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment

from cem_toolkit import roles
from cem_toolkit.plain import plain
from cem_toolkit.secrets import redact

PLAIN_EVERY = 15.0
"""Seconds between two plain lines about the same step."""


class PlainConsole(Console):
    """A console on which text can only be read: what strangers wrote may hold sequences that rewrite a terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(plain(segment.text), segment.style)


class Screen:
    """Shows steps and lines on `stream` (stderr, so that results alone are on stdout); nothing at all when `quiet`."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self.console = PlainConsole(file=stream or sys.stderr, highlight=False, soft_wrap=True)

    def log(self, message: str) -> None:
        if not self.quiet:
            self.console.print(redact(message), markup=False)

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None) -> Iterator[roles.Progress]:
        if self.quiet:
            yield _Silent()
        elif self.console.is_terminal:
            with self._bars() as bars:
                yield _Bar(bars, label, total)
        else:
            step = _Plain(self, label, total)
            yield step
            step.finish()

    def _bars(self) -> Progress:
        return Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            console=self.console,
            transient=True,
        )


class _Silent:
    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None: ...


class _Bar:
    def __init__(self, bars: Progress, label: str, total: float | None) -> None:
        self.bars = bars
        self.task = bars.add_task(label, total=total, message="")

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        if total is not None:
            self.bars.update(self.task, total=total)
        if message is not None:
            self.bars.update(self.task, message=message)
        self.bars.advance(self.task, steps)


class _Plain:
    def __init__(self, screen: Screen, label: str, total: float | None) -> None:
        self.screen, self.label, self.total = screen, label, total
        self.done, self.message = 0.0, ""
        self.started = self.spoken = time.monotonic()

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        self.done += steps
        self.total = total if total is not None else self.total
        self.message = message if message is not None else self.message
        now = time.monotonic()
        if now - self.spoken >= PLAIN_EVERY:
            self.spoken = now
            self.screen.log(f"  {self.label}: {self._where()}{self._left(now)}{self._said()}")

    def finish(self) -> None:
        seconds = time.monotonic() - self.started
        self.screen.log(f"  {self.label}: {self.done:,.0f} done in {seconds:,.0f} s{self._said()}")

    def _where(self) -> str:
        return f"{self.done:,.0f} of {self.total:,.0f}" if self.total else f"{self.done:,.0f}"

    def _left(self, now: float) -> str:
        if not self.total or self.done <= 0:
            return ""
        return f", {(now - self.started) / self.done * max(self.total - self.done, 0):,.0f} s left"

    def _said(self) -> str:
        return f", {self.message}" if self.message else ""
