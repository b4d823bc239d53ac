"""Signals stop a command: at once, and by force where it does not answer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

BEGIN = """
import os, signal, subprocess, sys, time
from cem_toolkit.cli import cli, main, stopping
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started by ignores
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[2]))
stopping.PATIENCE, stopping.ONE_REQUEST = float(sys.argv[1]), 0.0

@cli.command("work")
def work():
    from cem_toolkit.resuming import resumable
    from pathlib import Path
    with resumable(Path("runs/calm-owl").absolute()):
        print("begun", flush=True)
        {work}

main(["work"])
"""
POLITE = "time.sleep(60)"
STUBBORN = """
        while True:
            try: print("ready", flush=True); time.sleep(60)
            except BaseException: print("never", flush=True)
"""


@contextmanager
def working(work: str, patience: float = 60, hangup: str = "SIG_DFL") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", BEGIN.format(work=work.strip()), str(patience), hangup],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_and_says_how_to_go_on(number: signal.Signals) -> None:
    with working(POLITE) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert said.strip() == "cem-toolkit: stopped; `cem-toolkit resume runs/calm-owl` goes on from here"


def test_what_does_not_answer_is_ended_after_a_while_with_its_children() -> None:
    with working("child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True)" + STUBBORN, 0.5) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "stopped by force" in said
    for _ in range(100):
        if not lives(child):
            break
        time.sleep(0.05)
    assert not lives(child)


def test_a_second_signal_ends_at_once() -> None:
    with working(STUBBORN) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "never\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 143


def test_a_signal_that_is_ignored_stays_so() -> None:
    with working("time.sleep(1); print('went on')", hangup="SIG_IGN") as process:
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "went on" in out


def test_a_forked_process_ends_as_its_parent_wants() -> None:
    work = "child = os.fork() or time.sleep(60)\n        os.kill(child, signal.SIGTERM)\n"
    work += "        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True); time.sleep(0.5)"
    with working(work, 0.1) as process:
        out, said = process.communicate(timeout=30)
    assert (process.returncode, out.strip(), said) == (0, "-15", "")


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
