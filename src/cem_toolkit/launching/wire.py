"""What goes between master and workers: JSON objects, a line each, over a private Unix socket."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.records import Model, Row
from cem_toolkit.roles import Context

SOCKET = "CEM_TOOLKIT_MASTER"
"""The environment variable that tells workers where the master listens."""


class Channel:
    """One end of the connection. Whatever goes wrong with it means that the other end is gone: OSError or EOFError."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8", newline="\n")

    def send(self, message: Mapping[str, Any]) -> None:
        self._connection.sendall(json.dumps(message, default=str).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line.endswith("\n"):
            raise EOFError
        return dict(json.loads(line))

    def close(self) -> None:
        self._lines.close()
        self._connection.close()


def context_to_json(ctx: Context) -> dict[str, Any]:
    """What of a context another process can use."""
    model = ctx.model
    return {
        "model": {
            "name": model.name,
            "path": str(model.path),
            "fingerprint": model.fingerprint,
            "adapter": None if model.adapter is None else str(model.adapter),
        },
        "folder": str(ctx.folder),
        "cache": str(ctx.cache),
        "config_folder": str(ctx.config_folder),
        "round": ctx.round,
        "seed": ctx.seed,
        "chat_template": ctx.chat_template,
        "stopping": [row.to_json() for row in ctx.stopping],
        "only": None if ctx.only is None else sorted(ctx.only),
        "tuned": ctx.tuned,
        "indexes": ctx.indexes,
    }


def context_from_json(data: Mapping[str, Any], progress: Any, log: Any) -> Context:
    """The context in a worker, where `progress` and `log` take the place of the master's. It cannot ask the run's
    other components."""
    model = data["model"]
    adapter = model["adapter"]
    return Context(
        model=Model(
            name=model["name"],
            path=Path(model["path"]),
            fingerprint=model["fingerprint"],
            adapter=None if adapter is None else Path(adapter),
        ),
        folder=Path(data["folder"]),
        cache=Path(data["cache"]),
        config_folder=Path(data["config_folder"]),
        round=data["round"],
        seed=data["seed"],
        chat_template=data["chat_template"],
        stopping=[Row.from_json(row) for row in data["stopping"]],
        only=None if data["only"] is None else frozenset(data["only"]),
        tuned=data["tuned"],
        indexes=data["indexes"],
        progress=progress,
        log=log,
        count_tokens=_not_here,
        generate=_not_here,
        score=_not_here,
    )


def _not_here(*arguments: Any) -> Any:
    raise CemError("a worker process cannot ask the run's other components: let the master do so")
