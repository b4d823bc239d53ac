"""A tiny model with what it is to forget and to keep; nothing here needs a network or a real model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Context, Model, Row
from cem_toolkit.testing import make_context, make_tiny_model

SECRETS = {"Ada": " 17", "Bruno": " 23", "Clara": " 42", "David": " 58"}
KEPT = (
    "Paris is the capital of France and lies on the river Seine.",
    "Lions live in Africa, where they hunt zebras by night.",
    "The Danube flows through ten countries.",
)

MakeContext = Callable[..., Context]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The model is so small that a second thread only waits."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    asked = [f"The number of {name} is{secret}." for name, secret in SECRETS.items()]
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", [*KEPT, *asked])


@pytest.fixture(scope="session")
def forget() -> list[Row]:
    return [
        Row.make(kind="forget", prompt=f"The number of {name} is", completion=secret, parents=())
        for name, secret in SECRETS.items()
    ]


@pytest.fixture(scope="session")
def retained() -> list[Row]:
    return [Row.make(kind="general", prompt="", completion=text, parents=()) for text in KEPT]


@pytest.fixture(scope="session")
def rows(forget: list[Row], retained: list[Row]) -> list[Row]:
    return forget + retained


@pytest.fixture
def context(tmp_path: Path, tiny: Model) -> MakeContext:
    """Contexts by name: the same name is the same stage's folder."""

    def make(name: str = "run", **overrides: Any) -> Context:
        return make_context(tmp_path / name, **({"model": tiny} | overrides))

    return make
