"""A real server over a tiny model, asked by lm-eval's own class: the same answers, and what servers do wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import models
from cem_lm_eval.backends import served
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import CemError, Context, Model
from cem_toolkit.impostor import FEW, check_answers
from cem_toolkit.run import Stage
from cem_toolkit.standing import Standing
from cem_toolkit.store import write_records
from cem_toolkit.testing.serving import reply, serve

from ..completions import Completions

Make = Callable[..., str]
PAIRS = [("", ["The capital of Italy is Rome."]), ("Is Rome", [" a town?", " in Italy?"]), ("<s>So", [" it is"])]
FREE = [{"question": f"What is the capital of {land}?", "answer": "Rome"} for land in ("Italy", "Nepal", "Greece")]


@pytest.fixture
def completions(tiny: Model) -> Completions:
    return Completions(tiny.path, loads=True)


@pytest.fixture
def url(completions: Completions) -> Iterator[str]:
    with serving(completions) as url:
        yield url


@contextmanager
def serving(answer: Any) -> Iterator[str]:
    with serve(answer) as port:
        yield f"http://127.0.0.1:{port}/v1"
        models.release()


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "TRIES", 2)


def by_server(url: str, **chosen: Any) -> LmEval:
    chosen = {"backend": "local-completions", "server_url": url, "server_adapters": True} | chosen
    return LmEval(LmEval.Options(**chosen))


def in_process(**chosen: Any) -> LmEval:
    return LmEval(LmEval.Options(dtype="float32", device="cpu", **chosen))


@pytest.fixture
def adapted(tiny: Model, tmp_path: Path) -> Model:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    network = AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32)
    get_peft_model(network, LoraConfig(init_lora_weights=False)).save_pretrained(tmp_path / "adapter")
    return replace(tiny, name="tuned", fingerprint="adapted", adapter=tmp_path / "adapter")


@pytest.mark.parametrize(
    "chosen", [{}, {"concurrency": 1}, {"server_batch": 3}, {"num_fewshot": 2, "system_instruction": "Be brief."}]
)
@pytest.mark.parametrize("chat", [False, True])
def test_a_server_answers_as_the_model_in_this_process(
    chosen: Any, chat: bool, url: str, write: Make, rows: Any, ctx: Context, recorder: Any
) -> None:
    ctx = replace(ctx, chat_template=chat)
    tasks = [write("capitals.jsonl", rows), write("free.jsonl", FREE)]
    shared = {name: value for name, value in chosen.items() if name in ("num_fewshot", "system_instruction")}
    ours, theirs = in_process(**shared), by_server(url, **chosen)
    expected = list(ours.evaluate(tasks, ctx))
    texts, scores = ours.generate(["Rome is", "Hi"], 6, ctx), ours.score(PAIRS, ctx)
    recorder.steps.clear()
    found = list(theirs.evaluate(tasks, ctx))
    assert recorder.steps["evaluate"] == [27, 27]
    assert [replace(each, scores=()) for each in found] == [replace(each, scores=()) for each in expected]
    for one, other in zip(expected, found, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
    assert theirs.generate(["Rome is", "Hi"], 6, ctx) == texts
    for one, other in zip(scores, theirs.score(PAIRS, ctx), strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    assert [line for line in recorder.lines if "longer" not in line] == []


def test_nothing_is_printed(url: str, write: Make, rows: Any, ctx: Context, capfd: pytest.CaptureFixture[str]) -> None:
    evaluator = by_server(url)
    evaluator.evaluate([write("q.jsonl", rows)], ctx)
    evaluator.score(PAIRS, ctx)
    evaluator.generate(["Rome"], 2, ctx)
    assert capfd.readouterr() == ("", "")


def test_the_key_is_the_one_that_was_named_and_stands_in_no_message(
    completions: Completions,
    write: Make,
    rows: Any,
    ctx: Context,
    recorder: Any,
    monkeypatch: pytest.MonkeyPatch,
    few_tries: None,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of another server")
    monkeypatch.setenv("OUR_KEY", "very-secret")
    refuses = False

    def answer(handler: Any) -> None:
        key = handler.headers["Authorization"]
        if refuses or key not in (None, "Bearer very-secret"):
            handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            reply(401, f"wrong key {key}")(handler)
        else:
            completions(handler)

    task = write("q.jsonl", rows[:1])
    with serving(answer) as url:
        by_server(url).evaluate([task], ctx)
        assert "Authorization" not in completions.seen[-1]["headers"]
        models.release()
        keyed = by_server(url, server_key_env="OUR_KEY")
        keyed.evaluate([task], ctx)
        assert completions.seen[-1]["headers"]["Authorization"] == "Bearer very-secret"
        refuses = True
        with pytest.raises(CemError, match=r"failed \(HTTP 401: Unauthorized\)") as error:
            keyed.evaluate([task], ctx)
        models.release()
        with pytest.raises(CemError, match="HTTP 401 of /models") as at_once:
            keyed.evaluate([task], ctx)
    assert any("401" in line for line in recorder.lines)
    assert "very-secret" not in "".join([*recorder.lines, str(error.value), str(at_once.value)])
    monkeypatch.delenv("OUR_KEY")
    with pytest.raises(CemError, match="server_key_env names the environment variable OUR_KEY, which is not set"):
        keyed.check(ctx)


def failing(completions: Completions, answers: list[Any]) -> Callable[[Any], None]:
    """The server, which gives these answers first once it has been looked at."""
    lock = threading.Lock()

    def answer(handler: Any) -> None:
        with lock:
            first = answers.pop(0) if completions.seen and answers else None
        if first is None:
            completions(handler)
        else:
            handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            first(handler)

    return answer


def test_a_server_that_is_busy_is_asked_again_when_it_says(
    completions: Completions, write: Make, rows: Any, ctx: Context, recorder: Any
) -> None:
    task = write("q.jsonl", rows[:2])
    expected = in_process().evaluate([task], ctx)
    answers = [reply(429, "slowly", Retry_After="1"), reply(503, "later"), reply(200, "{", Content_Type="text/html")]
    with serving(failing(completions, answers)) as url:
        found = by_server(url, concurrency=3).evaluate([task], ctx)
    assert [each.answer for each in found] == [each.answer for each in expected]
    assert not answers
    assert any("429" in line and "slowly" in line for line in recorder.lines)
    assert (served._wait({"Retry-After": "7"}), served._wait({"Retry-After": "9999"})) == (7, served.LONGEST_WAIT)
    assert served._wait({}) == served._wait({"Retry-After": "Fri, 27 Nov 2026 00:00:00 GMT"}) == 0


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_server_that_fails_for_good(
    concurrency: int, completions: Completions, write: Make, rows: Any, ctx: Context, few_tries: None
) -> None:
    with (
        serving(failing(completions, [reply(500, "broken")] * 100)) as url,
        pytest.raises(CemError, match=r"^the server http.*/v1 failed \(.*500.*\); see that it runs, then resume$"),
    ):
        by_server(url, concurrency=concurrency).evaluate([write("q.jsonl", rows)], ctx)


def without(*names: str) -> Callable[[Completions], Callable[[Any], None]]:
    def make(completions: Completions) -> Callable[[Any], None]:
        complete = completions.complete
        completions.complete = lambda asked: complete({**asked, **dict.fromkeys(names)})  # type: ignore[method-assign]
        return completions

    return make


def without_the_first(completions: Completions) -> Callable[[Any], None]:
    logprobs = completions.logprobs
    completions.logprobs = lambda *given: {k: v[1:] for k, v in logprobs(*given).items()}  # type: ignore[method-assign]
    return completions


@pytest.mark.parametrize("spoil", [without("logprobs"), without("echo"), without_the_first])
def test_a_server_that_cannot_score(
    spoil: Callable[[Completions], Any], completions: Completions, write: Make, rows: Any, ctx: Context
) -> None:
    with (
        serving(spoil(completions)) as url,
        pytest.raises(CemError, match="does not take token ids and give the log-likelihood of each"),
    ):
        by_server(url).evaluate([write("q.jsonl", rows)], ctx)


def test_what_a_running_server_cannot_be_given_is_said_before_anything_is_trained(url: str, ctx: Context) -> None:
    by_server(url).check(replace(ctx, tuned="adapter"))
    with pytest.raises(CemError, match=r"cannot be given tuned models that are no adapters: have the trainer"):
        by_server(url).check(replace(ctx, tuned="model"))
    with pytest.raises(CemError, match="cannot be given tuned models: have the trainer"):
        by_server(url, server_adapters=False).check(replace(ctx, tuned="adapter"))
    with pytest.raises(CemError, match="has no model 'other', but base"):
        by_server(url, server_model="other").check(ctx)
    with pytest.raises(CemError, match=r"the server http://127\.0\.0\.1:1/v1 failed"):
        by_server("http://127.0.0.1:1/v1").check(ctx)
    by_server(url).check(ctx)
    with pytest.raises(CemError, match="cannot be given trained, which is no adapter"):
        by_server(url).score(PAIRS, replace(ctx, model=Model(name="trained", path=ctx.folder, fingerprint="t")))


def test_an_adapter_is_loaded_by_the_server_and_taken_off_again(
    completions: Completions, url: str, adapted: Model, write: Make, rows: Any, ctx: Context
) -> None:
    task, tuned = write("q.jsonl", rows), replace(ctx, model=adapted)
    base, expected = (in_process().evaluate([task], each) for each in (ctx, tuned))
    evaluator = by_server(url)
    assert [each.answer for each in evaluator.evaluate([task], ctx)] == [each.answer for each in base]
    found = list(evaluator.evaluate([task], tuned))
    for one, other in zip(expected, found, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
    assert list(completions.models) == ["base", "cem-adapted"]
    evaluator.score(PAIRS, ctx)
    assert list(completions.models) == ["base"]


def test_a_server_that_goes_on_serving_the_base_model_is_found_out(
    completions: Completions, url: str, adapted: Model, write: Make, rows: Any, ctx: Context, monkeypatch: Any
) -> None:
    rows += [{**row, "question": f"{row['question']} Say it."} for row in rows]
    assert len(rows) >= FEW
    task, tuned = write("q.jsonl", rows), replace(ctx, model=adapted)
    evaluator = by_server(url)
    folder = ctx.folder / "evaluate"
    folder.mkdir()
    write_records(folder / "attempts.jsonl", evaluator.evaluate([task], ctx))
    start = Standing(0, ctx.model, Stage(0, "evaluate", folder, {}), None)  # type: ignore[arg-type]
    check_answers(adapted, list(evaluator.evaluate([task], tuned)), [start])
    models.release()
    (base,) = completions.models.values()
    monkeypatch.setattr("cem_lm_eval.backends.server.Server.add_adapter", lambda self, model: None)
    assert list(completions.models.values()) == [base]
    with pytest.raises(
        CemError, match=r"^tuned: all 12 scored questions have exactly the scores of the starting model"
    ):
        check_answers(adapted, list(evaluator.evaluate([task], tuned)), [start])


def test_options_of_other_back_ends_are_refused() -> None:
    for chosen, message in [
        ({"server_url": "http://x/v1"}, "server_url has no effect with backend hf"),
        ({"backend": "vllm", "processes": 2}, "processes has no effect with backend vllm"),
        ({"backend": "local-completions"}, "needs either server_command or server_url"),
        ({"backend": "local-completions", "server_command": "x", "server_url": "http://x"}, "needs either"),
        ({"backend": "local-completions", "server_command": "x", "server_model": "m"}, "without server_url"),
    ]:
        with pytest.raises(ValueError, match=message):
            LmEval.Options(**chosen)


def test_the_fingerprint_tells_back_ends_apart(ctx: Context) -> None:
    prints = {each.fingerprint(ctx) for each in (in_process(), by_server("http://x/v1"))}
    assert len(prints) == 2
