"""Stopping a command by a signal: at once where Python can, by force where a library does not come back."""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 8.0
"""Seconds that a command has to end by itself. Docker, the hastiest of those who stop programs, waits for 10."""
ONE_REQUEST = 1.0
"""Seconds within which a second signal is the same request: a closed terminal's comes from kernel and shell."""

_before: dict[int, Any] = {}
"""The handlers that ours took the place of."""
_stopped = False


class Stopped(KeyboardInterrupt):
    """Raised in the main thread when a signal asks the command to stop. As with Ctrl-C, `except Exception` lets it
    pass."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def stopping_by_signals() -> Iterator[None]:
    """Turns the first of `SIGNALS` into `Stopped`. A second one, or `PATIENCE` seconds without an end, ends the process
    and its children at once: a stage is whole or not there at any moment, so that loses no more than the first does.

    A signal that the process was started to ignore, by `nohup` for one, stays ignored. Nothing is done outside the main
    thread, where signals cannot be handled.
    """
    if threading.current_thread() is not threading.main_thread() or _before:
        yield
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    # Python runs a handler only when the main thread comes back to it, which may be long in a library's compiled code.
    # So each signal is written to a pipe as well, at once, and another thread waits there.
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(read, heard), name="stopping", daemon=True).start()
    _before.update((number, signal.signal(number, _raise)) for number in heard)
    try:
        yield
    finally:
        if not _stopped:  # else the time is counted until the process has ended
            _leave()
            os.close(write)


def _raise(number: int, frame: FrameType | None) -> None:
    global _stopped  # noqa: PLW0603 (signals are the whole process's)
    if not _stopped:
        _stopped = True
        raise Stopped(number)


def _leave() -> None:
    """Also in forked processes: whoever forked them ends them as it likes."""
    signal.set_wakeup_fd(-1)
    for number, handler in _before.items():
        if signal.getsignal(number) is _raise:
            signal.signal(number, handler)
    _before.clear()


def _begin_fork() -> None:
    if _before:  # else a signal to a child that has not come to `_leave` yet would be heard here
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _end_fork() -> None:
    if _before:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _begin_child() -> None:
    if _before:
        _leave()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


os.register_at_fork(before=_begin_fork, after_in_parent=_end_fork, after_in_child=_begin_child)


def _watch(read: int, heard: list[signal.Signals]) -> None:
    first = 0
    while not first:
        numbers = os.read(read, 64)
        if not numbers:  # the command has ended
            os.close(read)
            return
        first = next((number for number in numbers if number in heard), 0)
    began = time.monotonic()
    while (left := began + PATIENCE - time.monotonic()) > 0 and select.select([read], [], [], left)[0]:
        again = any(number in heard for number in os.read(read, 64))
        if again and time.monotonic() - began > ONE_REQUEST:
            break
    _end(first)


def _end(number: int) -> None:
    with contextlib.suppress(OSError):
        os.write(2, b"cem-toolkit: stopped by force; `cem-toolkit resume` goes on from here\n")
    for path in Path("/proc/self/task").glob("*/children"):  # Linux; elsewhere they see that their input has ended
        with contextlib.suppress(OSError, ValueError):
            for child in path.read_text().split():
                os.kill(int(child), signal.SIGKILL)
    os._exit(128 + number)
