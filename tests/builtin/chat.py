"""A local server that speaks the chat protocol, for the tests of what asks endpoints."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeServer(ThreadingHTTPServer):
    """Answers chat completions by `answer`, of the prompt; `failures` requests are refused first, with `status`."""

    failures = 0
    status = 503
    refusal = "no"
    answer: Callable[[str], str | None] = staticmethod(lambda prompt: f"to {prompt}")
    heads: list[str | None]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heads = []
        self.bodies: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heads.append(self.headers["Authorization"])
        self.server.bodies.append(body)
        failing = self.server.failures > 0
        self.server.failures -= failing
        message = {"role": "assistant", "content": self.server.answer(body["messages"][0]["content"])}
        reply = {"error": {"message": self.server.refusal}} if failing or self.path != "/v1/chat/completions" else {
            "id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }  # fmt: skip
        data = json.dumps(reply).encode()
        self.send_response(self.server.status if failing else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None: ...
