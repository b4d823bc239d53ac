"""Answers are those of lm-eval's own model class, for every architecture, whatever is computed only once."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from cem_lm_eval import engine, layout, models, sharing
from cem_lm_eval.backends import hf
from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import Model

from .zoo import ARCHITECTURES, OTHERS, make_model, stock

EXAMPLES = "Question: What is the capital of Nepal?\nAnswer: Kathmandu\n\nQuestion: And of Italy?\nAnswer: Rome\n\n"
CHOICES = [" Lhasa", " Kathmandu, of course", " Delhi", " Delhi"]


def requests(kind: str = "loglikelihood") -> list[Instance]:
    """Questions with one beginning in common and without, of choices long and short, in no order."""
    rng = random.Random(0)  # noqa: S311 (guards nothing)
    prompts = [f"{EXAMPLES}Question: What is the capital of {word}?\nAnswer:" for word in ("Peru", "Chile", "Belgium")]
    prompts += ["Kabul lies on a river " * times + "by" for times in (1, 2, 3)]
    pairs = [(prompt, choice) for prompt in prompts for choice in CHOICES]
    pairs += [("", "Rome"), ("alone", " with one choice of its own, longer than its prompt is")]
    rng.shuffle(pairs)
    return [Instance(request_type=kind, doc={}, arguments=pair, idx=0) for pair in pairs]  # type: ignore[arg-type]


@pytest.fixture(params=[*ARCHITECTURES, *OTHERS])
def model(request: pytest.FixtureRequest, tmp_path: Path, tiny: Model) -> Any:
    yield make_model(request.param, tmp_path, tiny)
    models.release()


def load(model: Model) -> hf.ReportingLM:
    return models.load(model, LmEvalOptions(dtype="float32", device="cpu"))


def assert_same(ours: list[tuple[float, bool]], theirs: list[tuple[float, bool]]) -> None:
    assert [score for score, _ in ours] == pytest.approx([score for score, _ in theirs], abs=2e-4, rel=1e-5)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in theirs]


def test_every_architecture_answers_as_by_lm_eval(model: Model) -> None:
    lm = load(model)
    assert_same(lm.loglikelihood(requests()), stock(model).loglikelihood(requests(), disable_tqdm=True))
    assert bool(lm.why_not_shared) == (model.name in OTHERS)


def test_prefixes_that_groups_share_change_no_answer(
    tmp_path: Path, tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gemma 3's windows are shorter here than the prefix: of it they keep the end."""
    model = make_model("Gemma3", tmp_path, tiny)
    prefixes = []
    original = engine._read
    monkeypatch.setattr(engine, "_read", lambda *given: prefixes.append(len(given[1])) or original(*given))
    lm = models.load(model, LmEvalOptions(dtype="float32", device="cpu", token_budget=150))
    assert_same(lm.loglikelihood(requests()), stock(model).loglikelihood(requests(), disable_tqdm=True))
    assert max(prefixes) > 8
    models.release()


def test_a_small_part_of_the_work_of_one_prompt_for_each_choice(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = load(tiny)
    assert lm.why_not_shared == ""
    read, scored = [], []
    lm.model.model.register_forward_pre_hook(
        lambda *given: read.append(given[2]["input_ids"].numel()), with_kwargs=True
    )
    lm.model.get_output_embeddings().register_forward_pre_hook(lambda _, given: scored.append(given[0].shape[0]))
    prompt = [5] * 100
    lm._loglikelihood_tokens([(("", ""), prompt, [7, number]) for number in range(10, 20)])
    assert sum(read) == 100 + 10
    assert sum(scored) == 1 + 10
    models.release()


def test_attention_is_planned_for_no_shape(tiny: Model) -> None:
    lm = load(tiny)
    enabled = []
    lm.model.model.register_forward_pre_hook(lambda *_: enabled.append(torch.backends.cuda.cudnn_sdp_enabled()))
    assert lm.why_not_shared == ""
    enabled.clear()  # of both ways of scoring, which are compared
    lm.loglikelihood(requests())
    (prompt,) = [Instance("generate_until", {}, ("One", {"until": ["."], "max_gen_toks": 2}), 0)]
    lm.generate_until([prompt])
    assert set(enabled) == {False}
    assert torch.backends.cuda.cudnn_sdp_enabled()
    models.release()


def test_what_is_found_of_logits_is_their_normaliser_and_the_likeliest() -> None:
    torch.manual_seed(0)
    for dtype in (torch.float32, torch.bfloat16):
        logits = (100 * torch.randn(7, 2**19)).to(dtype)
        normaliser, best = engine._normalise(logits)
        assert torch.equal(normaliser, logits.float().logsumexp(-1))
        assert torch.equal(best, logits.float().argmax(-1))


def test_choices_of_one_token_need_no_row_of_their_own(tiny: Model) -> None:
    (row,) = [layout.lay_out([job], 0) for job in layout.gather([([1, 2, 3], [4]), ([1, 2, 3], [5])], 100)[0]]
    assert row.tokens == [1, 2, 3]
    assert row.scored == [[2], [2]]


def test_what_does_not_fit_the_memory_at_once_is_halved(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = load(tiny)
    assert lm.why_not_shared == ""
    expected = lm.loglikelihood(requests())
    original, sizes = engine._answers, []

    def small(network: Any, batch: Any, *rest: Any) -> Any:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError
        return original(network, batch, *rest)

    monkeypatch.setattr(engine, "_answers", small)
    assert_same(lm.loglikelihood(requests()), expected)
    assert max(sizes) > 2
    monkeypatch.setattr(engine, "_answers", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(torch.OutOfMemoryError):
        lm.loglikelihood(requests())
    models.release()


def test_texts_longer_than_the_window_by_rolling(tiny: Model) -> None:
    texts = ["A river among mountains. " * times for times in (1, 60)]
    asked = [Instance(request_type="loglikelihood_rolling", doc={}, arguments=(text,), idx=0) for text in texts]
    ours, theirs = (lm.loglikelihood_rolling(asked, disable_tqdm=True) for lm in (load(tiny), stock(tiny)))
    assert ours == pytest.approx(theirs, abs=1e-3, rel=1e-5)
    models.release()


def test_a_model_whose_choices_see_each_other_is_found_out(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = load(tiny)
    monkeypatch.setattr(engine, "_masks", lambda *_: None)
    assert "gives other scores" in sharing.why_not(lm)
    monkeypatch.setattr(engine, "_masks", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in sharing.why_not(lm)
    models.release()


def test_texts_become_the_tokens_that_lm_eval_makes_of_them_one_by_one(tiny: Model) -> None:
    lm = load(tiny)
    bos = lm.tokenizer.decode(lm.prefix_token_id)
    pairs = [
        ("Kabul ", "lies"),
        ("Kabul", " lies"),
        (f"{bos}Kabul", " lies"),
        ("  ", "Rome"),
        ("Kabul \n", " on a river"),
    ]
    one_by_one = [lm._encode_pair(*pair) for pair in pairs]
    with lm.encoding(pairs):
        assert lm._encoded
        assert [lm._encode_pair(*pair) for pair in pairs] == one_by_one
    assert not lm._encoded
    models.release()
