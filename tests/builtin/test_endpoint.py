"""Chat endpoints: asked in order, tried again, and never asked twice."""

import sys
from pathlib import Path

import pytest
from tests.builtin.chat import FakeServer

from cem_toolkit.api import CemError
from cem_toolkit.builtin.endpoint import Endpoint
from cem_toolkit.testing import make_context

SECRET = "sk-of-the-quiz"  # noqa: S105 (of nobody)


def ask(endpoint: Endpoint, folder: Path, *prompts: str) -> list[str]:
    return endpoint.ask(prompts, 7, make_context(folder), kept="answers.jsonl", label="asking")


def test_answers_come_in_order_and_failures_are_tried_again(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIZ_KEY", SECRET)
    server.failures = 2
    prompts = [f"prompt {number}" for number in range(20)]
    endpoint = Endpoint(server.url, "small", "QUIZ_KEY")
    assert ask(endpoint, tmp_path, *prompts) == [f"to {prompt}" for prompt in prompts]
    assert set(server.heads) == {f"Bearer {SECRET}"}
    assert {(body["model"], body["max_tokens"], body["temperature"]) for body in server.bodies} == {("small", 7, 0)}
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET in path.read_text()]


def test_answers_survive_an_interruption(server: FakeServer, tmp_path: Path) -> None:
    endpoint = Endpoint(server.url, "small")
    first = ask(endpoint, tmp_path, "one")
    with (make_context(tmp_path).folder / "answers.jsonl").open("a") as file:
        file.write('{"id": "torn')
    again = ask(endpoint, tmp_path, "one", "two")
    assert again[:1] == first
    assert ask(endpoint, tmp_path, "one", "two") == again
    assert len(server.bodies) == 2
    ask(Endpoint(server.url, "large"), tmp_path, "one")
    assert len(server.bodies) == 3, "another model's answers are no use"


def test_what_came_before_a_failure_is_kept(server: FakeServer, tmp_path: Path) -> None:
    endpoint = Endpoint(server.url, "small")
    ask(endpoint, tmp_path, "one", "two")
    server.failures, server.status = 100, 400
    with pytest.raises(CemError):
        ask(endpoint, tmp_path, "one", "two", "three")
    server.failures = 0
    before = len(server.bodies)
    assert ask(endpoint, tmp_path, "one", "two", "three") == ["to one", "to two", "to three"]
    assert len(server.bodies) == before + 1


def test_a_refusal_is_a_clear_error_that_does_not_tell_the_key(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.failures, server.status, server.refusal = 100, 401, f"unknown key {SECRET}"
    with pytest.raises(CemError, match=r"failed: .*name the variable that holds it in its_key"):
        ask(Endpoint(server.url, "small", key_option="its_key"), tmp_path, "one")
    monkeypatch.setenv("QUIZ_KEY", SECRET)
    with pytest.raises(CemError, match="unknown key …") as caught:
        ask(Endpoint(server.url, "small", "QUIZ_KEY"), tmp_path, "one")
    assert SECRET not in str(caught.value)


def test_a_missing_key_is_named_with_its_option() -> None:
    pytest.importorskip("openai")
    with pytest.raises(CemError, match="its_key names the environment variable NO_SUCH_KEY, which is not set"):
        Endpoint("http://x/v1", "m", "NO_SUCH_KEY", "its_key").check()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(CemError, match=r"cem-toolkit\[openai\]"):
        Endpoint("http://x/v1", "m").check()


def test_a_reply_without_text_is_an_empty_answer(server: FakeServer, tmp_path: Path) -> None:
    server.answer = lambda prompt: None
    assert ask(Endpoint(server.url, "small"), tmp_path, "one") == [""]
