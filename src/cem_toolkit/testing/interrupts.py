"""Interrupts a component at a chosen moment: when it calls something of its context for the so-manieth time."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from cem_toolkit.roles import Context, Progress

_CALLED = ("log", "count_tokens", "generate", "score", "screen_rows", "found")


@dataclasses.dataclass
class Interrupts:
    """Counts the calls of a context; the one numbered `at` raises KeyboardInterrupt, as Ctrl-C would."""

    at: int | None = None
    calls: int = 0

    def count(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt

    def within(self, ctx: Context) -> Context:
        """`ctx` with its calls counted."""
        changes: dict[str, Any] = {name: self._counted(getattr(ctx, name)) for name in _CALLED}
        return dataclasses.replace(ctx, progress=self._progress(ctx), **changes)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.count()
            return call(*arguments)

        return counted

    def _progress(self, ctx: Context) -> Callable[[str, float | None], Any]:
        @contextlib.contextmanager
        def progress(label: str, total: float | None) -> Iterator[Progress]:
            with ctx.progress(label, total) as step:
                yield _Counted(self, step)

        return progress


@dataclasses.dataclass
class _Counted:
    interrupts: Interrupts
    step: Progress

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        self.interrupts.count()
        self.step.advance(steps, total=total, message=message)
