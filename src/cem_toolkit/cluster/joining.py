"""Ray: started on this machine, or an existing cluster joined, and left as it was found."""

import contextlib
import functools
import importlib.util
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from cem_toolkit.config import RayConfig
from cem_toolkit.errors import CemError, one_line

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to Ray's makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Of Ray wherever it runs for us."""


def check_ray() -> None:
    """Raises CemError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise CemError('executor: ray is not installed: pip install "cem-toolkit[ray]", or take executor: local')


@contextlib.contextmanager
def joined(options: RayConfig, *, quiet: bool) -> Iterator[Any]:
    """The module `ray`, ready for tasks. What the process has begun with Ray already is used and left running.

    Ray started here answers only to who has the token that this process makes. Raises CemError where Ray is not
    installed, does not start, or no cluster answers.
    """
    check_ray()
    environment = dict(QUIET)
    if not options.address:
        environment["RAY_task_oom_retries"] = str(options.retries)  # else what takes too much is tried for ever
        environment |= _token()
    with _environment(environment):
        import ray

        if ray.is_initialized():
            yield ray
            return
        _start(ray, options, quiet)
        try:
            yield ray
        finally:
            ray.shutdown()


@functools.cache
def _token() -> dict[str, str]:
    """The same for all of the process, for Ray reads it once: when it is imported. Where that was before, it makes one
    of its own (`~/.ray/auth_token`)."""
    return {} if "ray" in sys.modules else {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _start(ray: Any, options: RayConfig, quiet: bool) -> None:
    given: dict[str, Any] = {"address": "local", "include_dashboard": False}
    if options.address:
        given = {"address": options.address}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**given, logging_level="ERROR", log_to_driver=not quiet)
    except Exception as error:
        where = f"no cluster answers at {options.address}" if options.address else "Ray does not start here"
        raise CemError(f"ray.address: {where}: {one_line(error)}") from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray has set its own


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
