"""vLLM needs a GPU: here it is only seen to that lm-eval's class is given what it knows."""

import ast
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval.backends import vllm
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import CemError, Context, Model

LLM = {"gpu_memory_utilization"}
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
    assert given.keys() - LLM <= parameters()
    assert given["pretrained"] == str(tiny.path)
    assert (given["lora_local_path"], given["max_lora_rank"]) == (str(tmp_path), 32)
    assert (given["tensor_parallel_size"], given["data_parallel_size"], given["max_model_len"]) == (4, 2, 512)
    assert "lora_local_path" not in vllm.arguments(tiny, options())


@pytest.mark.parametrize(("config", "said"), [({}, "does not say its rank"), ({"r": 1024}, "vLLM takes 512 at most")])
def test_adapters_that_vllm_cannot_take(config: Any, said: str, tiny: Model, tmp_path: Path) -> None:
    with pytest.raises(CemError, match=said):
        vllm.arguments(adapted(tiny, tmp_path, config), options())


def test_without_vllm_the_check_says_what_to_install(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "vllm" else find(name))
    with pytest.raises(CemError, match=r"backend vllm takes vllm: pip install 'cem-lm-eval\[vllm\]'"):
        LmEval(options()).check(ctx)
