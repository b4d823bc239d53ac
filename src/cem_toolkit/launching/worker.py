"""The workers' side: serves the master's requests until it closes or dies."""

import contextlib
import datetime
import itertools
import json
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from cem_toolkit.console import Screen
from cem_toolkit.errors import CemError
from cem_toolkit.launching.wire import SOCKET, Channel, context_from_json
from cem_toolkit.roles import Context, Progress

FOREVER = datetime.timedelta(days=365)
"""How long processes wait for the next request: the master may train or retrieve meanwhile."""
ALONE = datetime.timedelta(seconds=30)
"""How long a process that failed waits for the first one to fail as well, before it ends all."""

Handle = Callable[[str, dict[str, Any], Context], Mapping[str, Any]]


def serve(handle: Handle) -> None:
    """Calls `handle` with the name, the data and the context of every request, and answers what it returns.

    In every process of the launch it is called with the same requests: the answer, log lines and progress of the first
    (rank 0) go to the master, those of others nowhere. A CemError of the first is the answer, and the next request is
    waited for; whatever else is raised in any of them ends all. Returns when the master closes; a master that dies ends
    the process at once.
    """
    if int(os.environ.get("RANK", "0")) == 0:
        _lead(handle)
    else:
        _follow(handle)


class _Store(Protocol):
    """As much of torch's store, which all processes of a launch share, as is used."""

    def set(self, key: str, value: str) -> None: ...

    def wait(self, keys: list[str], timeout: datetime.timedelta) -> None: ...

    def get(self, key: str) -> bytes: ...


def _lead(handle: Handle) -> None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.environ[SOCKET])
    channel = Channel(connection)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, requests), daemon=True).start()
    store = _store()
    for number in itertools.count():
        request = requests.get()
        if store is not None:
            store.set(_asked(number), json.dumps(request))
        if request["work"] is None:
            return
        said = _Said(channel)
        ctx = context_from_json(request["context"], said.progress, said.log)
        try:
            channel.send({"end": "answer", "answer": dict(handle(request["work"], request["data"], ctx))})
        except CemError as error:
            channel.send({"end": "error", "error": str(error)})
        except BaseException:
            traceback.print_exc()
            _end(1)
        if store is not None:
            store.set(_done(number), "")


def _asked(number: int) -> str:
    return f"request-{number}"


def _done(number: int) -> str:
    return f"done-{number}"


def _follow(handle: Handle) -> None:
    store = _store()
    assert store is not None  # noqa: S101 (there is a first process besides this one)
    unheard = Screen(quiet=True)
    for number in itertools.count():
        store.wait([_asked(number)], FOREVER)
        request = json.loads(store.get(_asked(number)))
        if request["work"] is None:
            return
        ctx = context_from_json(request["context"], unheard.progress, unheard.log)
        try:
            handle(request["work"], request["data"], ctx)
        except CemError as error:
            # As a rule the first process raises it as well. Where it does not, it waits for this one in vain.
            try:
                store.wait([_done(number)], ALONE)
            except RuntimeError:  # of torch's stores, when the time is over
                print(error, file=sys.stderr, flush=True)
                _end(2)


def _listen(channel: Channel, requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Takes requests off the socket, and ends this process where there is no master any more."""
    while True:
        try:
            request = channel.receive()
        except (OSError, EOFError, ValueError):
            if os.getpgrp() == os.getpid():  # an engine's own processes, which it cannot end any more
                os.killpg(0, signal.SIGKILL)
            _end(1)
        requests.put(request)
        if request["work"] is None:
            return


def _end(status: int) -> None:
    sys.stderr.flush()
    os._exit(status)  # other threads may be in the middle of anything


def _store() -> _Store | None:
    """What the processes of the launch share, or None where there is one process."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return None
    from torch import distributed
    from torch.distributed.rendezvous import rendezvous

    store, _, _ = next(rendezvous("env://"))
    return distributed.PrefixStore("cem_toolkit", store)  # type: ignore[attr-defined]


class _Said:
    """The first process's log and progress, as messages."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = itertools.count()

    def log(self, message: str) -> None:
        self._channel.send({"log": message})

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None) -> Iterator[Progress]:
        number = next(self._numbers)
        self._channel.send({"begin": number, "label": label, "total": total})
        yield _Step(self._channel, number)
        self._channel.send({"over": number})


class _Step:
    def __init__(self, channel: Channel, number: int) -> None:
        self._channel, self._number = channel, number

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        self._channel.send({"advance": self._number, "steps": steps, "total": total, "message": message})
