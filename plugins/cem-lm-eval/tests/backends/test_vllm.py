"""vLLM needs a GPU: here lm-eval's class is given what it knows, and is asked over a stand-in for `vllm.LLM`."""

import ast
import importlib.metadata
import importlib.util
import json
import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_lm_eval.backends import far, vllm
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import CemError, Context, Model

HANDED_ON = {"gpu_memory_utilization"}
"""What lm-eval's class hands on to `vllm.LLM`."""


def options(**chosen: Any) -> Any:
    return LmEval.Options(backend="vllm", **chosen)


def parameters() -> set[str]:
    """Of lm-eval's class, which cannot be imported without vLLM."""
    spec = importlib.util.find_spec("lm_eval.models.vllm_causallms")
    assert spec is not None and spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    (made,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "VLLM"]
    (init,) = [node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return {argument.arg for argument in init.args.args}


def adapted(model: Model, folder: Path, config: Any) -> Model:
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return replace(model, adapter=folder)


def test_what_lm_evals_class_is_made_with(tiny: Model, tmp_path: Path) -> None:
    chosen = options(tensor_parallel_size=4, data_parallel_size=2, gpu_memory_utilization=0.5, max_model_len=512)
    given = vllm.arguments(adapted(tiny, tmp_path, {"r": 24}), chosen)
    assert given.keys() - HANDED_ON <= parameters()
    assert given["pretrained"] == str(tiny.path)
    assert (given["lora_local_path"], given["max_lora_rank"]) == (str(tmp_path), 32)
    assert (given["tensor_parallel_size"], given["data_parallel_size"], given["max_model_len"]) == (4, 2, 512)
    assert "lora_local_path" not in vllm.arguments(tiny, options())


@pytest.mark.parametrize(("config", "said"), [({}, "does not say its rank"), ({"r": 1024}, "vLLM takes 512 at most")])
def test_adapters_that_vllm_cannot_take(config: Any, said: str, tiny: Model, tmp_path: Path) -> None:
    with pytest.raises(CemError, match=said):
        vllm.arguments(adapted(tiny, tmp_path, config), options())


def test_an_adapters_file_that_is_nested_without_end_is_told_of(tiny: Model, tmp_path: Path) -> None:
    model = adapted(tiny, tmp_path, {})
    (tmp_path / "adapter_config.json").write_text("[" * 100_000)
    with pytest.raises(CemError, match="does not say its rank"):
        vllm.arguments(model, options())


def test_without_vllm_the_check_says_what_to_install(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "vllm" else find(name))
    with pytest.raises(CemError, match=r"backend vllm takes vllm: pip install 'cem-lm-eval\[vllm\]'"):
        LmEval(options()).check(ctx)


class LLM:
    """As much of `vllm.LLM` as lm-eval asks, by transformers."""

    def __init__(self, **given: Any) -> None:
        self.network = AutoModelForCausalLM.from_pretrained(given["model"], dtype=torch.float32)
        self.tokenizer = AutoTokenizer.from_pretrained(given["model"])
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=512))

    def generate(self, prompts: Any, sampling_params: Any, use_tqdm: bool, lora_request: Any) -> list[Any]:
        assert not use_tqdm
        assert lora_request is None
        return [self.answer(each, params) for each, params in zip(prompts, sampling_params, strict=True)]

    @torch.inference_mode()
    def answer(self, ids: list[int], params: Any) -> Any:
        if params.given.get("prompt_logprobs"):
            logs = self.network(torch.tensor([ids])).logits[0].log_softmax(-1)
            best = [
                {int(row.argmax()): float(row.max()), token: float(row[token])}
                for row, token in zip(logs[:-1], ids[1:], strict=True)
            ]
            return SimpleNamespace(prompt_logprobs=[None, *best])
        made: list[int] = []
        for _ in range(params.given["max_tokens"]):
            made.append(int(self.network(torch.tensor([ids + made])).logits[0, -1].argmax()))
        return SimpleNamespace(outputs=[SimpleNamespace(text=self.tokenizer.decode(made, skip_special_tokens=True))])


class SamplingParams:
    def __init__(self, **given: Any) -> None:
        self.given = given


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str, dict[str, Any]] = {
        "vllm": {
            "LLM": LLM,
            "SamplingParams": SamplingParams,
            "TokensPrompt": lambda prompt_token_ids: prompt_token_ids,
        },
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": None},
        "vllm.renderers": {},
        "vllm.renderers.hf": {"resolve_chat_template": lambda tokenizer, **_: tokenizer.chat_template},
        "vllm.tokenizers": {"get_tokenizer": lambda name, tokenizer_mode, **more: AutoTokenizer.from_pretrained(name)},
    }
    for name, values in parts.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(values, __path__=[])
        monkeypatch.setitem(sys.modules, name, module)
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.18.0" if name == "vllm" else version(name))


@pytest.mark.parametrize("chat", [False, True])
def test_lm_evals_class_answers_as_transformers_do(
    chat: bool, stand_in: None, write: Any, rows: Any, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, task = replace(ctx, chat_template=chat), write("q.jsonl", rows)
    pairs = [("", ["The capital of Italy is Rome."]), ("Is Rome", [" a town?", " in Italy?"])]
    ours, theirs = LmEval(LmEval.Options(dtype="float32", device="cpu", num_fewshot=1)), LmEval(options(num_fewshot=1))
    expected, scores = list(ours.evaluate([task], ctx)), ours.score(pairs, ctx)
    texts = ours.generate(["Rome is", "Hi"], 4, ctx)
    monkeypatch.setattr(far, "load", lambda model, chosen, processes, logs: vllm.load(model, chosen))
    found = list(theirs.evaluate([task], ctx))
    assert [replace(each, scores=()) for each in found] == [replace(each, scores=()) for each in expected]
    for one, other in zip(expected, found, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
    for some, others in zip(scores, theirs.score(pairs, ctx), strict=True):
        assert some == pytest.approx(others, abs=1e-4)
    assert theirs.generate(["Rome is", "Hi"], 4, ctx) == texts
