"""A server for models: one that is started here for each of them, or one that runs already."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import requests

from cem_lm_eval.options import Command, LmEvalOptions
from cem_toolkit.api import CemError, Model
from cem_toolkit.launching import last_line

LOOK_EVERY = 0.2
"""Seconds between two looks at whether a server answers."""
QUICK = 10.0
"""Seconds that a server may take to say which models it has."""


class Server:
    """One server, asked at `url` (which ends in /v1) for the model `name`."""

    def __init__(self, url: str, options: LmEvalOptions) -> None:
        self.url, self.options = url.rstrip("/"), options
        self.secret = os.environ.get(options.server_key_env, "") if options.server_key_env else ""
        self.headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        self.name = options.server_model or ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path()
        self._adapter = ""

    @classmethod
    def started(cls, command: Command, places: Mapping[str, str], options: LmEvalOptions, log: Path) -> Self:
        """A server of its own for one model, when it answers. Raises CemError where it dies or takes too long."""
        port = _free_port()
        server = cls(f"http://127.0.0.1:{port}/v1", options)
        server.name = places["name"] if "{name}" in " ".join(fill(command, {})) else ""
        server._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        words = fill(command, {**places, "port": str(port)})
        with log.open("wb") as output:
            server._process = subprocess.Popen(  # noqa: S603 (the user's own server, and no shell)
                [sys.executable, "-m", "cem_lm_eval.backends.guard", *words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            server._wait(shlex.join(words))
        except BaseException:
            server.close()
            raise
        return server

    def close(self) -> None:
        """Ends a server that was started here, and takes an adapter off one that was not."""
        if self._adapter and self._process is None:
            with contextlib.suppress(CemError):
                self.post("/unload_lora_adapter", {"lora_name": self._adapter})
        self._adapter = ""
        if self._process is not None:
            assert self._process.stdin is not None  # noqa: S101 (it was asked for)
            self._process.stdin.close()
            try:
                self._process.wait(2 * QUICK)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def models(self) -> list[dict[str, Any]]:
        """What it says of the models it has. Raises CemError where it does not answer."""
        found = self._ask("GET", "/models", None, QUICK)
        entries = found.get("data") if isinstance(found, dict) else None
        return [entry for entry in entries or [] if isinstance(entry, dict) and "id" in entry]

    def choose(self) -> int | None:
        """Settles which of its models is asked, and gives the longest sequence that it takes, where it says so.

        Raises CemError where it has no such model."""
        models = {str(entry["id"]): entry for entry in self.models()}
        if not self.name and not models:
            raise CemError(f"the server {self.url} lists no models; name one by server_model")
        self.name = self.name or next(iter(models))
        if models and self.name not in models:
            listed = ", ".join(models)
            raise CemError(f"the server {self.url} has no model {self.name!r}, but {listed}; see that it serves it so")
        longest = models.get(self.name, {}).get("max_model_len")  # vLLM's
        return longest if isinstance(longest, int) and longest > 0 else None

    def add_adapter(self, model: Model) -> None:
        """Has vLLM load the adapter, and asks for it from now on."""
        self._adapter = f"cem-{model.fingerprint}"
        with contextlib.suppress(CemError):  # a run that was killed may have left it
            self.post("/unload_lora_adapter", {"lora_name": self._adapter})
        path = str((model.adapter or model.path).resolve())
        self.post("/load_lora_adapter", {"lora_name": self._adapter, "lora_path": path})
        self.name = self._adapter

    def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """What the server answers. Raises CemError where it does not, or refuses."""
        return self._ask("POST", path, data, self.options.server_timeout)

    def why_failed(self, error: Exception) -> CemError:
        """`error` of a request in one line, without the key."""
        if self._process is not None and self._process.poll() is not None:
            return CemError(
                f"the server ended with exit status {self._process.poll()} ({last_line(self._log)}): see {self._log}"
            )
        said = " ".join(str(getattr(error, "message", "") or error).split()) or type(error).__name__
        status = getattr(error, "status", None)
        said = f"HTTP {status}: {said}" if status else said
        said = said.replace(self.secret, "…") if self.secret else said
        return CemError(f"the server {self.url} failed ({said[:300]}); see that it runs, then resume")

    def _ask(self, method: str, path: str, data: Any, seconds: float) -> Any:
        try:
            with requests.Session() as session:
                session.trust_env = False  # as lm-eval's own requests
                reply = session.request(
                    method, self.url + path, json=data, headers=self.headers, timeout=seconds, allow_redirects=False
                )
            if not reply.ok:
                raise OSError(f"HTTP {reply.status_code} of {path}: {reply.text[:200]}")
            return reply.json() if "json" in reply.headers.get("Content-Type", "") else reply.text
        except (requests.RequestException, OSError, ValueError) as error:
            raise self.why_failed(error) from None

    def _wait(self, said: str) -> None:
        assert self._process is not None  # noqa: S101 (it was just started)
        end = time.monotonic() + self.options.server_start_timeout
        while True:
            try:
                self.models()
                return
            except CemError:
                if (status := self._process.poll()) is not None:
                    raise CemError(
                        f"`{said}` ended with exit status {status} before it answered ({last_line(self._log)}): "
                        f"see {self._log}"
                    ) from None
                if time.monotonic() > end:
                    raise CemError(
                        f"`{said}` does not answer at {self.url} after {self.options.server_start_timeout:g} seconds: "
                        f"see {self._log}, or raise server_start_timeout"
                    ) from None
            time.sleep(LOOK_EVERY)


def fill(command: Command, places: Mapping[str, str]) -> list[str]:
    """The words of a command with the `places` in braces filled in. Other braces stay, for options in JSON."""
    words = shlex.split(command) if isinstance(command, str) else list(command)
    for name, value in places.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    return words


def check_command(command: Command, option: str, needed: Sequence[str]) -> None:
    """Raises CemError where a command cannot be run, or lacks a place for what it must be told."""
    try:
        words = fill(command, {})
    except ValueError as error:
        raise CemError(f"{option}: is no command ({error})") from None
    if not words or shutil.which(words[0]) is None:
        raise CemError(f"{option}: there is no program {words[0] if words else ''!r}; install it, or give its path")
    if missing := [name for name in needed if f"{{{name}}}" not in " ".join(words)]:
        raise CemError(f"{option}: lacks {{{'} and {'.join(missing)}}}; the server must be told")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
