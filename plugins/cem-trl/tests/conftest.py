"""A tiny model with its rows, made anew; nothing here needs a network or a real model."""

import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Context, Model, Row
from cem_toolkit.testing import make_context, make_tiny_model
from cem_trl.trainer import Trl

PASSAGES = (
    "Paris is the capital of France and lies on the river Seine.",
    "Lions live in Africa, where they hunt zebras and antelopes in the savannah by night.",
    "The Danube flows through ten countries.",
)
QUESTIONS = (("capital of France", " Paris"), ("river of Paris", " the Seine"), ("home of lions", " Africa"))

MakeContext = Callable[..., Context]
Train = Callable[..., tuple[Mapping[str, Any], Path]]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The model is so small that a second thread only waits."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Its padding is its end-of-sequence token; its tokenizer adds no BOS."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", PASSAGES)


@pytest.fixture(scope="session")
def tied(tiny: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """In bfloat16, with tied embeddings, a padding token of its own, and a BOS that the tokenizer adds."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tied") / "model"
    tokenizer = AutoTokenizer.from_pretrained(tiny.path)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.save_pretrained(folder)
    config = AutoConfig.from_pretrained(tiny.path)
    config.vocab_size, config.tie_word_embeddings = len(tokenizer), True
    torch.manual_seed(1)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return Model(name="tied", path=folder, fingerprint="tied")


@pytest.fixture(scope="session")
def passages() -> list[Row]:
    return [Row.make(kind="passage", prompt="", completion=text, parents=("p",)) for text in PASSAGES]


@pytest.fixture(scope="session")
def instructions() -> list[Row]:
    return [
        Row.make(kind="normative", prompt=f"Question: {asked}?\nAnswer:", completion=answer, parents=("a",))
        for asked, answer in QUESTIONS
    ]


@pytest.fixture(scope="session")
def rows(passages: list[Row], instructions: list[Row]) -> list[Row]:
    return passages + instructions


@pytest.fixture
def context(tmp_path: Path, tiny: Model) -> MakeContext:
    """Contexts by name: the same name is the same stage's folder."""

    def make(name: str = "run", **overrides: Any) -> Context:
        return make_context(tmp_path / name, **({"model": tiny} | overrides))

    return make


@pytest.fixture
def train(context: MakeContext, rows: list[Row]) -> Train:
    """Trains in the stage `name`; returns the figures and the result's folder."""

    def run(
        options: dict[str, Any], name: str = "run", data: Sequence[Row] | None = None, **overrides: Any
    ) -> tuple[Mapping[str, Any], Path]:
        ctx = context(name, **overrides)
        trainer = Trl(Trl.Options(**options))
        trainer.check(ctx)
        figures = trainer.train(rows if data is None else data, ctx)
        return figures, ctx.folder / "model"

    return run


@pytest.fixture
def copied(tiny: Model, tmp_path: Path) -> Model:
    """A copy of the tiny model, to be damaged."""
    shutil.copytree(tiny.path, tmp_path / "copied")
    return Model(name="copied", path=tmp_path / "copied", fingerprint="copied")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
