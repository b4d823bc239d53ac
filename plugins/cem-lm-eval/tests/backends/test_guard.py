"""The process that stands between a run and its server."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [([sys.executable, "-c", "raise SystemExit(7)"], 7, ""), (["no-such-server"], 127, "no-such-server: cannot be")],
)
def test_a_server_that_ends_by_itself(command: list[str], status: int, said: str) -> None:
    run = [sys.executable, "-m", "cem_lm_eval.backends.guard", *command]
    pipe = subprocess.PIPE
    with subprocess.Popen(run, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as guard:  # noqa: S603
        assert guard.stdout is not None
        assert guard.stdout.read().startswith(said)
        assert guard.wait() == status
