"""Scoring text: lm-eval's own figures for every kind of prompt, whatever is computed once for several continuations."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import CemError, Context, Model

from .zoo import make_model, stock

Pairs = Sequence[tuple[str, Sequence[str]]]
PASSAGE = "Kabul is the capital of Afghanistan. It lies on a river among mountains. "
PAIRS: Pairs = [
    ("Question: What is the capital of Nepal?\nAnswer:", [" Lhasa", " Thimphu", " Kathmandu, of course", " Delhi"]),
    (PASSAGE * 3 + "Question: What is the capital?\nAnswer:", [" Kabul", " Tirana"]),
    ("Question: ends with spaces?  ", ["yes", "no"]),
    ("A", [" b"]),
    ("one word more than", []),
    ("", [PASSAGE * 4, "Rome"]),
    ("", ["Milan"]),
    ("<s>", ["begins as texts do", "<s>"]),
]


def options(**chosen: Any) -> Any:
    return LmEval.Options(dtype="float32", device="cpu", **chosen)


def score(pairs: Pairs, ctx: Context, **chosen: Any) -> list[tuple[float, ...]]:
    return LmEval(options(**chosen)).score(pairs, ctx)


def by_lm_eval(pairs: Pairs, ctx: Context, batch_size: int = 16) -> list[tuple[float, ...]]:
    """Every continuation by lm-eval's own model class."""
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=(prompt, continuation), idx=0)
        for prompt, continuations in pairs
        for continuation in continuations
    ]
    found = iter(stock(ctx.model, batch_size).loglikelihood(requests, disable_tqdm=True))
    return [tuple(next(found)[0] for _ in continuations) for _, continuations in pairs]


def flat(scores: Sequence[tuple[float, ...]]) -> list[float]:
    return [score for row in scores for score in row]


def test_as_lm_eval(ctx: Context, recorder: Any) -> None:
    scores = score(PAIRS, ctx)
    assert [len(row) for row in scores] == [len(continuations) for _, continuations in PAIRS]
    assert flat(scores) == pytest.approx(flat(by_lm_eval(PAIRS, ctx)), abs=1e-4, rel=1e-6)
    assert recorder.steps["score"] == [14, 14]
    assert recorder.lines == []


def test_a_model_that_shares_nothing_goes_by_lm_eval(ctx: Context, tiny: Model, tmp_path: Path, recorder: Any) -> None:
    recurrent = replace(ctx, model=make_model("Mamba", tmp_path / "recurrent", tiny))
    pairs = PAIRS[:4]
    scores = score(pairs, recurrent)
    assert recorder.steps["score"] == [9, 9]
    assert flat(scores) == pytest.approx(flat(by_lm_eval(pairs, recurrent)), abs=1e-4, rel=1e-6)
    (line,) = recorder.lines
    assert "MambaForCausalLM keeps no cache" in line


def test_chat_template_makes_the_prompt_a_turn_of_the_users(ctx: Context) -> None:
    chat = replace(ctx, chat_template=True)
    plain, rendered = ("Capital?", [" Kabul", "Rome"]), ("<user>Capital?</user><assistant>", ["Kabul", "Rome"])
    assert score([plain], chat) == score([rendered], ctx) != score([plain], ctx)
    assert score([("", ["Kabul"])], chat) == score([("", ["Kabul"])], ctx)


def test_long_prompts_are_cut_from_the_left(ctx: Context, recorder: Any) -> None:
    pairs = [(PASSAGE * 40 + "Answer:", [" Kabul", " Kathmandu"]), ("short", [" one"])]
    assert flat(score(pairs, ctx)) == pytest.approx(flat(by_lm_eval(pairs, ctx)), abs=1e-4, rel=1e-6)
    (line,) = recorder.lines
    assert line == "lm-eval: 2 prompts are longer than the model's 512 tokens: cut from the left"


@pytest.mark.parametrize(
    ("pair", "message"),
    [(("A", [" b", ""]), "'' has no token"), (("", [PASSAGE * 40]), "is longer than the model's 512; shorten it")],
)
def test_what_cannot_be_scored(pair: Any, message: str, ctx: Context) -> None:
    with pytest.raises(CemError, match=message):
        score([("A", ["b"]), pair], ctx)


def test_nothing_to_score_loads_no_model(ctx: Context) -> None:
    assert score([], replace(ctx, model=Model(name="m", path=Path("gone"), fingerprint="m"))) == []


@pytest.mark.slow
def test_the_real_model(ctx: Context, unpacked: Any) -> None:
    real = replace(ctx, model=unpacked.model)
    pairs = [*PAIRS[:6], (PASSAGE * 45 + "Question: What is the capital?\nAnswer:", [" Kabul", " Tirana"])]
    # One at a time: with all logits of a vocabulary of 262,144 sixteen of the longest take 19 GB.
    assert flat(score(pairs, real)) == pytest.approx(flat(by_lm_eval(pairs, real, batch_size=1)), abs=2e-3)
