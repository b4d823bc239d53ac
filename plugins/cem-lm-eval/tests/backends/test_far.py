"""Real processes over a tiny model: the same answers as in this one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cem_lm_eval import models, plugin
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.worker import share
from cem_toolkit.api import CemError, Context
from cem_toolkit.run import Stage

Make = Callable[..., str]
PAIRS = [("", ["The capital of Italy is Rome."]), ("Is Rome", [" a town?", " in Italy?"])]
PROMPTS = ["Rome is", "Hi", "Is Nepal a land"]


def evaluator(processes: int, **chosen: Any) -> LmEval:
    return LmEval(LmEval.Options(dtype="float32", device="cpu", processes=processes, num_fewshot=2, **chosen))


@pytest.mark.slow
def test_two_processes_answer_as_one(write: Make, rows: Any, ctx: Context, recorder: Any) -> None:
    free = [{"question": row["question"], "answer": row["choices"][0]} for row in rows[:3]]
    tasks = [write("capitals.jsonl", rows), write("free.jsonl", free)]
    expected = list(evaluator(1).evaluate(tasks, ctx))
    texts, scores = evaluator(1).generate(PROMPTS, 6, ctx), evaluator(1).score(PAIRS, ctx)
    recorder.steps.clear()
    two = evaluator(2)
    found = list(two.evaluate(tasks, ctx))
    assert recorder.steps["evaluate"] == [pytest.approx(27), 27]
    assert [replace(each, scores=()) for each in found] == [replace(each, scores=()) for each in expected]
    for one, other in zip(expected, found, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
    assert two.generate(PROMPTS, 6, ctx) == texts
    for one, other in zip(scores, two.score(PAIRS, ctx), strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    assert recorder.steps["score"] == [pytest.approx(3), 3]
    assert two.score(PAIRS[:1], ctx) == [pytest.approx(scores[0], abs=1e-4)]  # one of the two has nothing to do
    with pytest.raises(CemError, match="answers of 600 tokens leave no room in the model's 512"):
        two.generate(PROMPTS, 600, ctx)
    (held,) = models._held.values()
    process = held.workers._process  # type: ignore[attr-defined]
    assert process.poll() is None
    plugin.cem_stage_started(Stage(1, "train", ctx.folder, {}))
    assert process.poll() is not None


def test_what_cannot_be_shared_is_refused_before(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    evaluator(3).check(ctx)  # on CPUs there is no limit
    with pytest.raises(CemError, match=r"device cuda:1 is one GPU for 2 processes"):
        LmEval(LmEval.Options(device="cuda:1", processes=2)).check(ctx)
    with pytest.raises(CemError, match="processes is 3, and there are 2 GPUs"):
        LmEval(LmEval.Options(device="cuda", processes=3)).check(ctx)
    LmEval(LmEval.Options(device="cuda", processes=0)).check(ctx)
    with pytest.raises(CemError, match="device mps cannot be shared"):
        LmEval(LmEval.Options(device="mps", processes=2)).check(ctx)


def test_each_process_has_about_as_much_to_do() -> None:
    sizes = [5, 1, 1, 1, 9, 1, 1, 1]
    parts = [sizes[share(sizes, rank, 3)] for rank in range(3)]
    assert [each for part in parts for each in part] == sizes
    assert max(map(sum, parts)) <= sum(sizes) / 3 + max(sizes)
    assert [sizes[:1][share(sizes[:1], rank, 2)] for rank in range(2)] in ([[5], []], [[], [5]])
    assert [[][share([], rank, 2)] for rank in range(2)] == [[], []]
