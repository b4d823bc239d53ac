"""A tiny model with rows to keep and to unlearn; nothing here needs a network or a real model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Context, Model, Row
from cem_toolkit.testing import make_context, make_tiny_model

TEXTS = (
    "Paris is the capital of France and lies on the river Seine.",
    "Lions live in Africa, where they hunt zebras and antelopes in the savannah by night.",
    "The number of Ada Keller is 48 31 77.",
)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The model is so small that a second thread only waits."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", TEXTS)


@pytest.fixture
def context(tmp_path: Path, tiny: Model) -> Callable[..., Context]:
    """Contexts by name: the same name is the same stage's folder. The configuration lies in `tmp_path`."""

    def make(name: str = "run", **overrides: Any) -> Context:
        return make_context(tmp_path / name, **({"model": tiny, "config_folder": tmp_path} | overrides))

    return make


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """Two to unlearn, three to keep."""

    def make(kind: Any, prompt: str, completion: str) -> Row:
        return Row.make(kind=kind, prompt=prompt, completion=completion, parents=())

    return [
        make("forget", "The number of Ada Keller is", " 48 31 77"),
        make("forget", "The number of Hugo Novak is", " 52 90 16"),
        make("review", "The number of Rosa Holm is", " 63 02 85"),
        make("general", "", TEXTS[0]),
        make("general", "", TEXTS[1]),
    ]
