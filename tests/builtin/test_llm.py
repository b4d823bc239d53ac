from pathlib import Path
from typing import Any

import pytest
from tests.builtin.chat import FakeServer
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


def test_an_endpoint_is_asked_in_order(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIZ_KEY", "secret")
    server.answer = lambda prompt: f"capital, {'Chad' if 'Chad' in prompt.rsplit('Question: ', 1)[1] else 'Peru'}"
    attempts = [attempt(), attempt("What is the capital of Peru?", ("Lima", "Cusco"), "Lima")]
    options = MinerOptions(keys="llm", llm_endpoint=server.url, llm_model="small", llm_key_env="QUIZ_KEY")
    ctx = make_context(tmp_path)
    miner = CemMiner(options)
    miner.check(ctx)
    mistakes = list(miner.mine(attempts, ctx))
    assert [mistake.queries for mistake in mistakes] == [("capital", "Chad"), ("capital", "Peru")]
    assert {(body["model"], body["max_tokens"]) for body in server.bodies} == {("small", llm.MAX_TOKENS)}
    assert "secret" not in options.model_dump_json()
    list(miner.mine(attempts, ctx))
    assert len(server.bodies) == 2


def test_what_the_endpoint_lacks_is_found_before_the_run(tmp_path: Path) -> None:
    miner = CemMiner(MinerOptions(keys="llm", llm_endpoint="http://x/v1", llm_model="m", llm_key_env="NO_SUCH_KEY"))
    with pytest.raises(CemError, match=r"llm_key_env names .* NO_SUCH_KEY"):
        miner.check(make_context(tmp_path))
