"""Workers as users of an engine's launcher have them: real processes, asked over the real socket."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Context, Model, Row
from cem_toolkit.launching import WorkerDied, Workers, accelerate_command
from cem_toolkit.launching.wire import context_from_json, context_to_json

WORKER = """
import os, sys, time
from cem_toolkit.api import CemError
from cem_toolkit.launching import serve

def handle(work, data, ctx):
    if work == "sum":
        ctx.log(f"model {ctx.model.name}")
        with ctx.progress("adding", len(data["numbers"])) as step:
            for _ in data["numbers"]:
                step.advance(message="on")
        return {"sum": sum(data["numbers"]), "kept": [row.completion for row in ctx.stopping], "pid": os.getpid()}
    if work == "refuse":
        raise CemError("no: there is a reason")
    if work == "lone" and os.environ.get("RANK") == "1":
        raise SystemExit("rank 1 gave up")
    if work == "crash":
        raise ValueError("what nobody thought of")
    if work == "ask back":
        ctx.generate(["x"], 1)
    time.sleep(600)

serve(handle)
"""


class Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[tuple[str, float | None, float]] = []

    @contextmanager
    def progress(self, label: str, total: float | None) -> Iterator[Any]:
        done = 0.0

        class Step:
            def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
                nonlocal done
                done += steps

        yield Step()
        self.steps.append((label, total, done))


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def ctx(tmp_path: Path, screen: Screen) -> Context:
    def nothing(*arguments: Any) -> Any:
        raise AssertionError

    return Context(
        model=Model(name="base", path=tmp_path, fingerprint="abc", adapter=tmp_path / "adapter"),
        folder=tmp_path,
        cache=tmp_path,
        round=1,
        seed=3,
        chat_template=False,
        config_folder=tmp_path,
        progress=screen.progress,
        log=screen.lines.append,
        count_tokens=nothing,
        generate=nothing,
        score=nothing,
        stopping=[Row.make(kind="normative", prompt="", completion="kept apart", parents=())],
        only=frozenset({"b", "a"}),
        tuned="adapter",
        indexes="memory://indexes",
    )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Workers]]:
    started: list[Workers] = []

    def start(command: Sequence[str] = (), worker: str = WORKER) -> Workers:
        (tmp_path / "a_worker.py").write_text(textwrap.dedent(worker), "utf-8")
        paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        environment = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        command = command or [sys.executable, "-m", "a_worker"]
        started.append(Workers(command, log=tmp_path / "worker.log", environment=environment))
        return started[-1]

    yield start
    for each in started:
        each.close()


def gone(pid: int) -> bool:
    """Whether the process ends before long."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_worker_is_given_all_of_the_context_but_what_it_would_have_to_ask_for(ctx: Context) -> None:
    given = context_from_json(json.loads(json.dumps(context_to_json(ctx))), ctx.progress, ctx.log)
    for field in fields(Context):
        if not callable(value := getattr(ctx, field.name)):
            assert getattr(given, field.name) == value, field.name


def test_a_request_is_answered_and_its_log_and_progress_are_the_masters(
    start: Callable[..., Workers], ctx: Context, screen: Screen
) -> None:
    workers = start()
    answer = workers.ask("sum", {"numbers": [1, 2, 3]}, ctx)
    assert (answer["sum"], answer["kept"]) == (6, ["kept apart"])
    assert screen.lines == ["model base"]
    assert screen.steps == [("adding", 3, 3.0)]
    assert workers.ask("sum", {"numbers": [4]}, ctx)["pid"] == answer["pid"]  # the same process again
    workers.close()
    assert gone(answer["pid"])


def test_an_expected_failure_is_raised_as_it_was_and_the_worker_lives_on(
    start: Callable[..., Workers], ctx: Context
) -> None:
    workers = start()
    with pytest.raises(CemError, match=r"^no: there is a reason$"):
        workers.ask("refuse", {}, ctx)
    with pytest.raises(CemError, match="a worker process cannot ask"):
        workers.ask("ask back", {}, ctx)
    assert workers.ask("sum", {"numbers": [1]}, ctx)["sum"] == 1


def test_a_worker_that_dies_is_told_of_in_a_line_with_its_last_words(
    start: Callable[..., Workers], ctx: Context
) -> None:
    with pytest.raises(WorkerDied, match=r"exit status 1 \(ValueError: what nobody thought of\): see .*worker.log"):
        start().ask("crash", {}, ctx)
    with pytest.raises(WorkerDied, match=r"exit status 3 \(no engine here\)"):
        start([sys.executable, "-c", "print('no engine here'); raise SystemExit(3)"]).ask("sum", {}, ctx)
    with pytest.raises(CemError, match="no-such-launcher: cannot be started"):
        start(["no-such-launcher"])


def test_a_worker_ends_with_its_master_however_that_ends(tmp_path: Path) -> None:
    (tmp_path / "a_worker.py").write_text(WORKER, "utf-8")
    master = """
        import sys
        from pathlib import Path
        from cem_toolkit.launching import Workers
        from cem_toolkit.api import Context, Model
        from cem_toolkit.console import Screen
        here = Path(sys.argv[1])
        model = Model(name="m", path=here, fingerprint="f")
        ctx = Context(model=model, folder=here, cache=here, round=0, seed=0, chat_template=False,
            config_folder=here, progress=Screen(quiet=True).progress, log=print, count_tokens=None, generate=None,
            score=None)
        workers = Workers([sys.executable, "-m", "a_worker"], log=here / "log")
        print(workers.ask("sum", {"numbers": []}, ctx)["pid"], flush=True)
        workers.ask("sleep", {}, ctx)
    """
    (tmp_path / "master.py").write_text(textwrap.dedent(master), "utf-8")
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(tmp_path / "master.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().startswith("model m")
    worker = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert gone(worker)


@pytest.mark.slow
def test_all_processes_of_a_launch_get_the_requests_and_one_that_fails_ends_all(
    start: Callable[..., Workers], ctx: Context, tmp_path: Path
) -> None:
    worker = WORKER.replace(
        'if work == "sum":',
        """if work == "together":
        import torch
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        total = torch.tensor([data["number"] * (1 + int(os.environ["RANK"]))])
        torch.distributed.all_reduce(total)
        ctx.log(f"from rank {os.environ['RANK']}")
        return {"total": int(total)}
    if work == "sum":""",
    )
    workers = start(accelerate_command("a_worker", processes=2, cpu=True), worker)
    assert workers.ask("together", {"number": 5}, ctx) == {"total": 15}
    assert workers.ask("together", {"number": 7}, ctx) == {"total": 21}
    with pytest.raises(CemError, match="there is a reason"):
        workers.ask("refuse", {}, ctx)
    with pytest.raises(WorkerDied):
        workers.ask("lone", {}, ctx)
    assert "rank 1 gave up" in (tmp_path / "worker.log").read_text("utf-8")
