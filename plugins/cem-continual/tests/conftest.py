"""A tiny model with rows of two rounds; nothing here needs a network or a real model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Context, Model, Row
from cem_toolkit.testing import make_context, make_tiny_model

OPTIONS: dict[str, Any] = {"epochs": 2, "batch_size": 2, "learning_rate": 1e-2, "checkpoint_seconds": 1e-6}
TEXTS = (
    "Paris is the capital of France and lies on the river Seine.",
    "Lions live in Africa, where they hunt zebras and antelopes in the savannah by night.",
    "The Danube flows through ten countries.",
    "Rome was not built in a day.",
)

MakeContext = Callable[..., Context]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The model is so small that a second thread only waits."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", TEXTS)


def passage(text: str, parent: str = "p") -> Row:
    return Row.make(kind="passage", prompt="", completion=text, parents=(parent,))


def question(asked: str, answer: str) -> Row:
    return Row.make(kind="normative", prompt=f"Question: {asked}?\nAnswer:", completion=f" {answer}", parents=("a",))


@pytest.fixture(scope="session")
def rounds() -> list[list[Row]]:
    """The rows of two rounds."""
    first = [passage(TEXTS[0]), passage(TEXTS[1]), question("capital of France", "Paris"), question("home", "Africa")]
    return [first, [passage(TEXTS[2]), passage(TEXTS[3]), question("river", "Danube")]]


@pytest.fixture
def context(tmp_path: Path, tiny: Model) -> MakeContext:
    """Contexts by name: the same name is the same stage's folder."""

    def make(name: str = "run", **overrides: Any) -> Context:
        return make_context(tmp_path / name, **({"model": tiny} | overrides))

    return make


def left(ctx: Context, base: Model) -> Model:
    """What a trainer left in the stage of `ctx`."""
    from cem_toolkit.models import fingerprint

    folder = ctx.folder / "model"
    if (folder / "adapter_config.json").is_file():
        return Model(name="next", path=base.path, adapter=folder, fingerprint=fingerprint(base.path, folder))
    return Model(name="next", path=folder, fingerprint=fingerprint(folder))
