"""Runs a server, and ends it when its own standard input is closed: `python -m cem_lm_eval.backends.guard COMMAND…`.

The other end of the input is the run's process. The system closes it when that ends, however it does, so that no server
is left behind with a GPU's memory.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE = 10.0
"""Seconds that a server has to end after SIGTERM."""


def main(command: list[str]) -> int:
    """The server's exit status."""
    try:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (the user's own server)
    except OSError as error:
        print(f"{command[0]}: cannot be started: {error}", flush=True)
        return 127
    threading.Thread(target=_watch, args=(server,), daemon=True).start()
    return server.wait()


def _watch(server: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 1024):
        pass
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(PATIENCE)
    os.killpg(0, signal.SIGKILL)  # the server's own children and this process: the guard is started as a group's first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
