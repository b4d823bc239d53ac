"""Tasks handed to Ray and waited for: one that fails is told in one line, and the others come to their end."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from cem_toolkit.config import RayConfig
from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError, one_line


class Tasks:
    """Those that are at work. Leaving the block by an error, or by Ctrl-C, stops them."""

    def __init__(self, ray: Any, options: RayConfig) -> None:
        self._ray, self._options = ray, options
        self._resources = _resources(ray, options)
        self._working: dict[Any, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for reference in self._working:
            self._ray.cancel(reference, force=True)

    def __len__(self) -> int:
        return len(self._working)

    def begin(self, name: str, task: Callable[..., str], *arguments: str | int | bool | None) -> None:
        """Begins `task(*arguments)`, which returns what went wrong, or "". It is begun again where its process or
        machine is lost."""
        options = {"name": name, "max_retries": self._options.retries, **self._resources}
        self._working[self._ray.remote(task).options(**options).remote(*arguments)] = name

    def next(self, seconds: float | None = None) -> tuple[str, str] | None:
        """Waits for one to end, and gives its name and what went wrong, or "". None where none has ended in so many
        seconds."""
        ended, _ = self._ray.wait(list(self._working), num_returns=1, timeout=seconds)
        if not ended:
            return None
        done = ended[0]
        name = self._working.pop(done)
        try:
            return name, str(self._ray.get(done))
        except self._ray.exceptions.RayError as error:
            return name, f"its process was lost {self._options.retries + 1} times: {one_line(error)}"


def told(ended: tuple[str, str] | None, screen: Screen) -> list[str]:
    """Says how a task ended, and gives the line to raise where it failed."""
    if ended is None:
        return []
    label, wrong = ended
    screen.log(f"{label}: {f'failed: {wrong}' if wrong else 'done'}")
    return [f"{label}: {wrong}"] if wrong else []


def threads() -> str | None:
    """With how many threads a task is to reckon, as `train_and_ask` takes it."""
    return os.environ.get("OMP_NUM_THREADS")


def _resources(ray: Any, options: RayConfig) -> dict[str, float]:
    there = ray.cluster_resources()
    gpus = options.gpus if options.gpus is not None else min(1.0, there.get("GPU", 0.0))
    wanted = {"CPU": options.cpus, "GPU": gpus}
    for name, amount in wanted.items():
        if not options.address and amount > there.get(name, 0.0):  # a cluster may grow
            raise CemError(
                f"ray.{name.lower()}s: a task is to get {amount:g}, and this machine has {there.get(name, 0.0):g}"
            )
    return {"num_cpus": options.cpus, "num_gpus": gpus}
