"""Checkpoints in a stranger's stage folder: numbers are read from them, and no code is run."""

import contextlib
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Row
from cem_trl import watch
from cem_trl.checkpoints import is_whole
from cem_trl.layout import Layout
from cem_trl.trainer import Trl

OPTIONS = {"epochs": 2, "batch_size": 2, "micro_batch_size": 1, "checkpoint_seconds": 1e-6}


class Evil:
    """Pickled: code that writes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


class InterruptionError(Exception):
    """Ends a training early."""


@pytest.fixture
def checkpoint(context: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The last one of a training that was interrupted."""
    monkeypatch.setattr(watch, "WRITING_SHARE", float("inf"))

    class Progress:
        done = 0.0

        def advance(self, steps: float = 1, **told: Any) -> None:
            self.done += steps
            if self.done >= 3:
                raise InterruptionError

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Progress]:
        yield Progress()

    ctx = context("stage", progress=progress)
    with pytest.raises(InterruptionError):
        Trl(Trl.Options(**OPTIONS)).train(rows, ctx)
    return max((ctx.folder / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_pickle_in_a_checkpoint_is_not_run(
    checkpoint: Path, context: Any, rows: list[Row], tmp_path: Path, name: str
) -> None:
    mark = tmp_path / "ran"
    assert is_whole(checkpoint, Layout())
    evil = pickle.dumps(Evil(mark))
    with zipfile.ZipFile(checkpoint / name) as archive:
        content = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(checkpoint / name, "w") as archive:
        for each, data in content.items():
            archive.writestr(each, evil if each.endswith("data.pkl") else data)
    (checkpoint / "training_args.bin").write_bytes(evil)
    assert is_whole(checkpoint, Layout()) is False
    figures = Trl(Trl.Options(**OPTIONS)).train(rows, context("stage"))
    assert figures["resumed_from_step"] < 3  # from an earlier checkpoint, or from the start
    assert not mark.exists()
