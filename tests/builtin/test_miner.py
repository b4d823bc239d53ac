import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.builtin.helpers import CAPITALS, attempt

from cem_toolkit.api import Attempt, CemError, Mistake
from cem_toolkit.builtin.miner import CemMiner, MinerOptions
from cem_toolkit.testing import make_context


def mine(tmp_path: Path, attempts: list[Attempt], **options: Any) -> list[Mistake]:
    return list(CemMiner(MinerOptions(**options)).mine(attempts, make_context(tmp_path)))


def test_wrong_attempts_become_mistakes(tmp_path: Path) -> None:
    wrong = attempt(scores=(-1.0, -4.0, -5.0, -3.5))
    right = attempt("What is the capital of Peru?", ("Lima", "Cusco"), "Lima", correct=True)
    (mistake,) = mine(tmp_path, [wrong, right])
    assert (mistake.attempt_id, mistake.kind, mistake.margin) == (wrong.id, "knowledge", -2.5)
    assert mistake.queries[0] == "Chad"


def test_kinds(tmp_path: Path) -> None:
    schema = attempt("In what form?", (), "1,000", right_under=("flexible-extract",))
    doubted = attempt("Who knows?", (), "me", right_under=("flexible-extract",))
    attempts = [attempt(), schema, doubted]
    assert [m.kind for m in mine(tmp_path, attempts, doubtful=(doubted.id,))] == ["knowledge", "schema", "doubtful_key"]
    assert [m.attempt_id for m in mine(tmp_path, attempts, kinds=("schema",))] == [schema.id, doubted.id]


def test_what_is_right_when_asked_otherwise_is_a_matter_of_form(tmp_path: Path) -> None:
    def score(pairs: Any) -> list[tuple[float, ...]]:
        return [tuple(float(end == " N'Djamena") for end in ends) for _, ends in pairs]

    wrong = attempt(answer="Lagos", scores=(-5.0, -5.0, -1.0, -4.0))
    ctx = make_context(tmp_path, score=score)
    (mistake,) = CemMiner().mine([wrong], ctx)
    assert (mistake.kind, mistake.agreement) == ("schema", 0.0)
    assert "right in 2 of 2 other ways of asking" in mistake.evidence
    assert "N'Djamena" not in " ".join(mistake.evidence)
    (mistake,) = CemMiner(MinerOptions(ask_again=0)).mine([wrong], ctx)
    assert (mistake.kind, mistake.agreement) == ("knowledge", None)


def test_no_more_is_asked_again_than_needed(tmp_path: Path) -> None:
    asked: list[int] = []

    def score(pairs: Any) -> list[tuple[float, ...]]:
        asked.append(len(pairs))
        return [(1.0,) + (0.0,) * (len(ends) - 1) for _, ends in pairs]

    attempts = [attempt(f"Is it {n} o'clock?", ("yes", "no"), "no", answer="yes") for n in range(5)]
    ctx = make_context(tmp_path, score=score)
    assert len(list(CemMiner(MinerOptions(limit=1)).mine(attempts, ctx))) == 1
    assert len(list(CemMiner(MinerOptions(limit=1, kinds=("knowledge",))).mine(attempts, ctx))) == 1
    assert asked == [2, 10]


def test_doubtful_keys_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "doubt.jsonl").write_text(json.dumps({"id": attempt().id, "why": "two are right"}) + "\n\n")
    miner = CemMiner(MinerOptions(doubtful_file=Path("doubt.jsonl")))
    ctx = make_context(tmp_path)
    miner.check(ctx)
    assert [m.kind for m in miner.mine([attempt()], ctx)] == ["doubtful_key"]
    before = miner.fingerprint(ctx)
    (tmp_path / "doubt.jsonl").write_text('{"id": "other"}\n')
    assert miner.fingerprint(ctx) != before


def test_bad_doubtful_files_are_refused_before_the_run(tmp_path: Path) -> None:
    miner = CemMiner(MinerOptions(doubtful_file=Path("doubt.jsonl")))
    with pytest.raises(CemError, match="cannot be read"):
        miner.check(make_context(tmp_path))
    (tmp_path / "doubt.jsonl").write_text('{"id": "x"}\n["y"]\n')
    with pytest.raises(CemError, match="line 2"):
        miner.check(make_context(tmp_path))


def test_order_and_limit(tmp_path: Path) -> None:
    attempts = [attempt(f"Is it {gap}?", ("a", "b"), "a", scores=(0.0, gap)) for gap in (2.0, 9.0, 5.0)]
    margins = {
        order: [m.margin for m in mine(tmp_path, attempts, order=order)] for order in ("hardest", "easiest", "none")
    }
    assert margins == {"hardest": [-9, -5, -2], "easiest": [-2, -5, -9], "none": [-2, -9, -5]}
    assert [m.margin for m in mine(tmp_path, attempts, limit=1)] == [-9]


def test_a_question_asked_twice_is_one_mistake(tmp_path: Path) -> None:
    assert len(mine(tmp_path, [attempt(), attempt(answer="Lagos")])) == 1
    assert len({m.id for m in mine(tmp_path, [attempt(), attempt(task="other")])}) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(CAPITALS), st.permutations(CAPITALS), st.sampled_from(["keyphrase", "llm"]))
def test_queries_are_blind_to_the_gold_answer(tmp_path: Path, gold: str, choices: list[str], keys: str) -> None:
    options = MinerOptions(keys=keys, max_queries=5)
    seen: list[str] = []

    def generate(prompts: Any, max_tokens: int) -> list[str]:
        seen.extend(prompts)
        return [" capital, Chad, Abuja" for _ in prompts]

    ctx = make_context(tmp_path, generate=generate)
    (first,) = CemMiner(options).mine([attempt()], ctx)
    (second,) = CemMiner(options).mine([attempt(choices=choices, gold=gold)], ctx)
    assert first.queries == second.queries
    assert len(set(seen)) <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"llm_endpoint": "http://x/v1", "llm_model": "m"},
        {"keys": "llm", "llm_endpoint": "http://x/v1"},
        {"keys": "llm", "llm_model": "m"},
        {"kinds": ()},
        {"limit": 0},
    ],
)
def test_options_that_would_do_nothing_are_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MinerOptions(**options)
