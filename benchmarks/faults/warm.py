"""Command lines in processes that start at once: copies of this one, in which the heavy libraries are imported already.

Such a copy (a fork) is sound because this process itself never computes: torch has no threads when it is made.
"""

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("torch", "transformers", "datasets", "accelerate", "peft", "trl", "lm_eval", "lm_eval.models.huggingface"),
    *("lm_eval.tasks", "bm25s", "safetensors.torch", "scipy.stats", "jinja2", "cem_index.index", "tantivy"),
    *("torch._dynamo", "torch.utils.data", "trl.trainer.sft_trainer", "transformers.models.llama.modeling_llama"),
)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("COLUMNS", "300")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@cache
def warm() -> None:
    """Imports what a run imports."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from cem_toolkit.plugins import discover

    discover()
    gc.collect()
    gc.freeze()


@dataclass
class Try:
    """A command that was started."""

    process: int
    output: Path
    """What it says, on both streams."""
    status: int | None = None
    """As `subprocess` has it: negative where a signal ended it."""

    def ended(self) -> bool:
        if self.status is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, seconds: float = 240) -> int | None:
        """The exit status; None where it has not ended by then, and is killed."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > deadline:
                self.kill()
                return None
            time.sleep(0.005)
        return self.status

    def kill(self, number: int = signal.SIGKILL) -> None:
        with contextlib.suppress(ProcessLookupError):
            if not self.ended():
                os.kill(self.process, number)
        if number == signal.SIGKILL:
            self.wait()

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")


def start(arguments: Sequence[str], folder: Path, output: Path, before: Callable[[], Any] | None = None) -> Try:
    """Runs `cem-toolkit` with these arguments in `folder`; `before` is called in the new process."""
    return fork(lambda: _command(arguments, before), folder, output)


def fork(work: Callable[[], Any], folder: Path, output: Path) -> Try:
    """Does `work` in a process of its own, in `folder`."""
    warm()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return Try(process, output)
    code: Any = 1
    try:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.chdir(folder)
        work()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _command(arguments: Sequence[str], before: Callable[[], Any] | None) -> None:
    from cem_toolkit.cli import main

    if before:
        before()
    main(list(arguments))
