import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.builtin.helpers import CAPITALS, attempt

from cem_toolkit.api import CemError
from cem_toolkit.builtin import llm
from cem_toolkit.builtin.miner import CemMiner, MinerOptions
from cem_toolkit.testing import make_context

CHAD = "What is the capital of Chad?"


@pytest.mark.parametrize(
    ("output", "points"),
    [
        (" capital, Chad, N'Djamena, Lagos\n\nQuestion: next", ("capital", "Chad", "N'Djamena", "Lagos")),
        ("\n  Knowledge points: Chad; chad; CHAD.", ("Chad",)),
        (" Roman Empire, Chad, insulin, the capital of Chad", ("Chad", "the capital of Chad")),
        ("- \"Abuja\", 'Lagos'", ("Abuja", "Lagos")),
        (" 42, yes, the, , ,", ()),
        ("", ()),
        ("\n\n", ()),
    ],
)
def test_output_is_read_defensively(output: str, points: tuple[str, ...]) -> None:
    assert llm.parse(output, CHAD, CAPITALS) == points


def test_chinese_points() -> None:
    assert llm.parse("太平天国、革命纲领，法国", "1853年太平天国的革命纲领是", []) == ("太平天国", "革命纲领")


def test_the_prompt_shows_examples_question_and_telling_options() -> None:
    text = llm.prompt(CHAD, ["Lagos", "42", "Abuja"])
    assert "Roman Empire, internal sea, Red Sea, Caspian Sea, Mediterranean Sea, Black Sea" in text
    assert text.endswith(f"Question: {CHAD}\nOptions: Abuja; Lagos\nKnowledge points:")
    assert llm.prompt(CHAD, []).endswith(f"Question: {CHAD}\nKnowledge points:")


def test_the_own_model_is_asked_and_its_silence_counted(tmp_path: Path) -> None:
    logged: list[str] = []
    outputs = {"Chad": " Chad, capital", "Peru": " nothing of use"}

    def generate(prompts: Any, max_tokens: int) -> list[str]:
        assert max_tokens == llm.MAX_TOKENS
        return [next(text for name, text in outputs.items() if name in prompt) for prompt in prompts]

    attempts = [attempt(), attempt("What is the capital of Peru?", ("Lima", "Cusco"), "Lima")]
    ctx = make_context(tmp_path, generate=generate, log=logged.append)
    mistakes = list(CemMiner(MinerOptions(keys="llm")).mine(attempts, ctx))
    assert mistakes[0].queries == ("Chad", "capital")
    assert mistakes[1].queries[:2] == ("Peru", "capital Peru")
    assert any("1 of 2 mistakes" in line for line in logged)


class FakeServer(ThreadingHTTPServer):
    """Answers chat completions; `failures` requests are refused first, with `status`."""

    failures = 0
    status = 503
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
        question = body["messages"][0]["content"].rsplit("Question: ", 1)[1]
        message = {"role": "assistant", "content": f"capital, {'Chad' if 'Chad' in question else 'Peru'}"}
        reply = {"error": {"message": "no"}} if failing or self.path != "/v1/chat/completions" else {
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


@pytest.fixture
def server() -> Iterator[FakeServer]:
    pytest.importorskip("openai")
    with FakeServer() as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


def options(server: FakeServer, **more: Any) -> MinerOptions:
    return MinerOptions(keys="llm", llm_endpoint=server.url, llm_model="small", **more)


def test_an_endpoint_is_asked_in_order_and_tried_again(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIZ_KEY", "secret")
    server.failures = 2
    attempts = [attempt(), attempt("What is the capital of Peru?", ("Lima", "Cusco"), "Lima")]
    miner = CemMiner(options(server, llm_key_env="QUIZ_KEY"))
    miner.check(make_context(tmp_path))
    mistakes = list(miner.mine(attempts, make_context(tmp_path)))
    assert [mistake.queries for mistake in mistakes] == [("capital", "Chad"), ("capital", "Peru")]
    assert set(server.heads) == {"Bearer secret"}
    assert all(body["model"] == "small" and body["temperature"] == 0 for body in server.bodies)
    assert "secret" not in miner.options.model_dump_json()


def test_answers_survive_an_interruption(server: FakeServer, tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    first = list(CemMiner(options(server)).mine([attempt()], ctx))
    with (ctx.folder / "knowledge-points.jsonl").open("a") as file:
        file.write('{"id": "torn')
    more = [attempt(), attempt("What is the capital of Peru?", ("Lima", "Cusco"), "Lima")]
    again = list(CemMiner(options(server)).mine(more, ctx))
    assert again[0] == first[0]
    assert list(CemMiner(options(server)).mine(more, ctx)) == again
    assert len(server.bodies) == 2


def test_a_refusing_endpoint_is_a_clear_error(server: FakeServer, tmp_path: Path) -> None:
    server.failures, server.status = 100, 401
    with pytest.raises(CemError, match=r"failed: .*llm_key_env"):
        list(CemMiner(options(server)).mine([attempt()], make_context(tmp_path)))


def test_a_missing_key_is_found_before_the_run(server: FakeServer, tmp_path: Path) -> None:
    with pytest.raises(CemError, match="NO_SUCH_KEY"):
        CemMiner(options(server, llm_key_env="NO_SUCH_KEY")).check(make_context(tmp_path))


def test_a_missing_package_is_found_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    miner = CemMiner(MinerOptions(keys="llm", llm_endpoint="http://x/v1", llm_model="m"))
    with pytest.raises(CemError, match=r"cem-toolkit\[openai\]"):
        miner.check(make_context(tmp_path))
