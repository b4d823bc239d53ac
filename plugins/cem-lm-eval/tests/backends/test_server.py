"""Servers that are started for each model, and ended whatever happens."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import models, plugin
from cem_lm_eval.backends import server
from cem_lm_eval.evaluator import LmEval
from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import CemError, Context, Model
from cem_toolkit.run import Stage

Make = Callable[..., str]
COMPLETIONS = Path(__file__).parents[1] / "completions.py"
COMMAND = f"{shlex.quote(sys.executable)} {COMPLETIONS} --port {{port}} --name {{name}} --model {{model}}"
LISTS = """
import http.server, json, os, pathlib, sys
pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"data": [{"id": "m"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("ready", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
MASTER = """
import sys
from pathlib import Path
from cem_lm_eval.backends.server import Server
from cem_lm_eval.options import LmEvalOptions
command = [sys.executable, sys.argv[1], "{port}", sys.argv[2]]
options = LmEvalOptions(backend="local-completions", server_command=command)
server = Server.started(command, {"name": "m"}, options, Path(sys.argv[2] + ".log"))
print("up", flush=True)
sys.stdin.read()
"""


def options(command: Any, **chosen: Any) -> LmEvalOptions:
    return LmEvalOptions(backend="local-completions", server_command=command, **chosen)


def gone(pid: int) -> bool:
    """Whether the process ends before long."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A server that says which models it has, and writes its process's number to a file."""
    path = tmp_path / "lists.py"
    path.write_text(LISTS)
    return path


@pytest.mark.slow
def test_a_server_for_each_model(write: Make, rows: Any, ctx: Context, tiny: Model, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    network = AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32)
    get_peft_model(network, LoraConfig(init_lora_weights=False)).save_pretrained(tmp_path / "adapter")
    tuned = replace(ctx, model=replace(tiny, fingerprint="adapted", adapter=tmp_path / "adapter"))
    task = write("q.jsonl", rows)
    evaluator = LmEval(options(COMMAND, server_adapter_command=f"{COMMAND} --adapter {{adapter}}"))
    evaluator.check(replace(ctx, tuned="adapter"))
    ours = LmEval(LmEval.Options(dtype="float32", device="cpu"))
    for each in (ctx, tuned):
        expected = list(ours.evaluate([task], each))
        found = list(evaluator.evaluate([task], each))
        assert [one.answer for one in found] == [one.answer for one in expected]
        for one, other in zip(expected, found, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-4)
    (held,) = models._held.values()
    process = held.server._process  # type: ignore[attr-defined]
    assert process.poll() is None
    plugin.cem_stage_started(Stage(1, "train", ctx.folder, {}))
    assert process.poll() is not None
    assert [path.name for path in sorted((ctx.cache / "logs").iterdir())] == [
        f"server-{fingerprint}.log" for fingerprint in sorted((tiny.fingerprint, "adapted"))
    ]


def test_a_server_ends_with_the_run_even_where_that_is_killed(lists: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    command = [sys.executable, "-c", MASTER, str(lists), str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as master:  # noqa: S603
        assert master.stdout and master.stdout.readline() == b"up\n"
        pid = int(number.read_text())
        os.kill(master.pid, signal.SIGKILL)
    assert gone(pid)


def test_a_server_is_ended_with_its_children(lists: Path, tmp_path: Path) -> None:
    command = ["sh", "-c", f"{sys.executable} {lists} {{port}} {tmp_path / 'number'}; true"]
    started = server.Server.started(command, {"name": "m"}, options(command), tmp_path / "log")
    assert started.choose() is None
    assert started.name == "m"
    pid = int((tmp_path / "number").read_text())
    started.close()
    assert gone(pid)
    started.close()
    with pytest.raises(CemError, match=r"^the server ended with exit status -?\d+ \(.*\): see .*log$"):
        started.models()


def test_a_server_that_dies_or_does_not_come_up(ctx: Context) -> None:
    dies = [sys.executable, "-c", "print('no memory for it'); raise SystemExit(3)", "{port}", "{model}"]
    with pytest.raises(CemError, match=r"ended with exit status 3 before it answered \(no memory for it\): see .*log$"):
        LmEval(options(dies)).score([("a", ["b"])], ctx)
    sleeps = [sys.executable, "-c", "import time; time.sleep(60)", "{port}", "{model}"]
    with pytest.raises(CemError, match=r"does not answer at http://127\.0\.0\.1:.* after 0\.5 seconds: see .*log"):
        LmEval(options(sleeps, server_start_timeout=0.5)).score([("a", ["b"])], ctx)
    assert not models._held


def test_a_command_is_looked_over_before_anything_is_trained(ctx: Context) -> None:
    def check(command: Any, tuned: Any = "", **chosen: Any) -> None:
        LmEval(options(command, **chosen)).check(replace(ctx, tuned=tuned))

    check(COMMAND, "model")
    with pytest.raises(CemError, match="server_command: there is no program 'no-such-server'"):
        check("no-such-server --port {port} {model}")
    with pytest.raises(CemError, match=r"server_command: lacks \{model\} and \{port\}"):
        check("env")
    with pytest.raises(CemError, match="server_command: is no command"):
        check("env 'open")
    with pytest.raises(CemError, match="set server_adapter_command, or server_adapters"):
        check(COMMAND, "adapter")
    with pytest.raises(CemError, match=r"server_adapter_command: lacks \{adapter\}"):
        check(COMMAND, server_adapter_command=COMMAND)
    check(COMMAND, "adapter", server_adapters=True)


def test_a_command_is_filled_in_word_by_word_and_other_braces_stay() -> None:
    words = server.fill('serve {model} --with \'{"a": {"b": 1}}\' -x={name}', {"model": "a b; rm", "name": "n"})
    assert words == ["serve", "a b; rm", "--with", '{"a": {"b": 1}}', "-x=n"]
