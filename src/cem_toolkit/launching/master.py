"""The master's side: starts the processes, asks them, and ends them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from cem_toolkit.errors import CemError
from cem_toolkit.launching.printed import last_line
from cem_toolkit.launching.wire import SOCKET, Channel, context_to_json
from cem_toolkit.roles import Context, Progress

LOOK_EVERY = 0.2
"""Seconds between two looks at whether a process that has not answered yet still lives."""
PATIENCE = 10.0
"""Seconds that processes have to end by themselves, and then after SIGTERM."""


class WorkerDied(CemError):  # noqa: N818 (it says what happened)
    """The processes ended before they had answered."""


class Workers:
    """An engine's processes, which serve requests until they are closed. As a context manager it closes them."""

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Starts `command`, one of whose processes calls `cem_toolkit.launching.serve`; what they print is added to
        the file `log`. Raises CemError where it cannot be started."""
        self._log = log
        # Short, for the name of a socket may have some hundred bytes only; and nobody else's to enter.
        self._folder = Path(tempfile.mkdtemp(prefix="cem-"))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._folder / "master"))
        self._listener.listen(1)
        self._listener.settimeout(LOOK_EVERY)
        self._channel: Channel | None = None
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as output:
                self._said_before = output.tell()
                self._process = subprocess.Popen(  # noqa: S603 (the user's own launcher)
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **environment, SOCKET: str(self._folder / "master")},
                    start_new_session=True,  # Ctrl-C is the master's, who ends them in order
                )
        except OSError as error:
            self._clean()
            raise CemError(f"{command[0]}: cannot be started: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, work: str, data: Mapping[str, Any], ctx: Context) -> dict[str, Any]:
        """The answer to the request `work` with its JSON-safe `data`. The worker's log lines and progress are those of
        `ctx` meanwhile.

        Raises CemError as the worker did, and WorkerDied.
        """
        try:
            channel = self._channel = self._channel or self._connected()
            channel.send({"work": work, "data": data, "context": context_to_json(ctx)})
            with _Relay(ctx) as relay:
                while "end" not in (message := channel.receive()):
                    relay.take(message)
        except (OSError, EOFError, ValueError):
            raise self._died() from None
        if message["end"] == "answer":
            return dict(message["answer"])
        raise CemError(message["error"])

    def close(self) -> None:
        """Ends the processes, gently first. They may be closed twice."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send({"work": None})
            self._wait()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                self._wait()
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._clean()

    def _connected(self) -> Channel:
        while True:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                if self._process.poll() is not None:
                    raise EOFError from None
            else:
                connection.settimeout(None)
                return Channel(connection)

    def _wait(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)

    def _died(self) -> WorkerDied:
        self._wait()
        status = self._process.poll()
        how = f"by signal {-status}" if status is not None and status < 0 else f"with exit status {status}"
        return WorkerDied(
            f"the worker processes ended {how} ({last_line(self._log, self._said_before)}): see {self._log}"
        )

    def _clean(self) -> None:
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Relay(contextlib.ExitStack):
    """Gives the context what the worker says besides its answer."""

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self._ctx = ctx
        self._steps: dict[int, tuple[contextlib.ExitStack, Progress]] = {}

    def take(self, message: Mapping[str, Any]) -> None:
        if "log" in message:
            self._ctx.log(message["log"])
        elif "begin" in message:
            stack = self.enter_context(contextlib.ExitStack())
            step = stack.enter_context(self._ctx.progress(message["label"], message["total"]))
            self._steps[message["begin"]] = stack, step
        elif "advance" in message:
            _, step = self._steps[message["advance"]]
            step.advance(message["steps"], total=message["total"], message=message["message"])
        elif "over" in message:
            self._steps.pop(message["over"])[0].close()
