"""A hub on this machine: it speaks the part of the hub's protocol that pushing takes, and keeps what it is sent."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.testing.serving import reply, serve

TOKEN = "hf_of_the_test"  # noqa: S105


@dataclass
class Hub:
    """Repositories by kind and name: whether each is private, and its files. `requests` is all that was asked."""

    repos: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        body = _body(handler)
        self.requests.append(f"{handler.command} {path}")
        if not path.startswith("/blobs/") and handler.headers.get("Authorization") != f"Bearer {TOKEN}":
            return reply(401, '{"error": "Invalid credentials"}')(handler)
        status, said = self._say(path, body)
        return reply(status, json.dumps(said), Content_Type="application/json")(handler)

    def _say(self, path: str, body: bytes) -> tuple[int, Any]:  # noqa: PLR0911 (one a request)
        if path == "/api/whoami-v2":
            return 200, {"type": "user", "name": "someone", "orgs": []}
        if path == "/api/validate-yaml":
            front = json.loads(body)["content"]
            return (200, {"errors": [], "warnings": []}) if front.startswith("---\n") else (400, {"error": "no card"})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('type') or 'model'}s/{asked['organization']}/{asked['name']}"
            there = name in self.repos
            private = asked.get("private") or asked.get("visibility") == "private"
            self.repos.setdefault(name, {"private": bool(private), "files": {}})
            return 409 if there else 200, {"url": f"{self.address}/{name}", "error": "You already created this"}
        if path.startswith("/blobs/"):
            oid = path.rpartition("/")[2]
            assert hashlib.sha256(body).hexdigest() == oid
            self.blobs[oid] = body
            return 200, {}
        if path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**each, "actions": {"upload": {"href": f"{self.address}/blobs/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            return 200, {"transfer": "basic", "objects": objects}
        kind, owner, name, *rest = path.removeprefix("/api/").split("/")
        repo = self.repos.get(f"{kind}/{owner}/{name}")
        if repo is None:
            return 404, {"error": "Repository not found"}
        if rest[:1] == ["preupload"]:
            large = (".safetensors", ".jsonl")
            files = [
                {
                    "path": f["path"],
                    "uploadMode": "lfs" if f["path"].endswith(large) else "regular",
                    "shouldIgnore": False,
                }
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": files}
        if rest[:1] == ["commit"]:
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    repo["files"][value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    repo["files"][value["path"]] = self.blobs[value["oid"]]
            return 200, {"commitUrl": f"{self.address}/{owner}/{name}/commit/1", "commitOid": "1" * 40}
        return 200, {"id": f"{owner}/{name}", "private": repo["private"], "sha": "1" * 40, "siblings": []}


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    parts = []
    while size := int(handler.rfile.readline(), 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()
    with serve(found.answer) as port:
        found.address = f"http://127.0.0.1:{port}"
        yield found


@pytest.fixture
def push(hub: Hub, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`cem-toolkit push`, as somebody who is logged in at that hub."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {
            "HF_ENDPOINT": hub.address,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_XET": "1",
        }
        return subprocess.run(  # noqa: S603
            [sys.executable, "-c", "from cem_toolkit.cli import main; main()", "push", *arguments],
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
