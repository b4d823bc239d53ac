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
    """The server's exit status. This process is the first of a group, in which are the server and its own children."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # it is sent to the whole group
    try:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (the user's own server)
    except OSError as error:
        print(f"{command[0]}: cannot be started: {error}", flush=True)
        return 127
    closed = threading.Event()
    watch = threading.Thread(target=_watch, args=(server, closed), daemon=True)
    watch.start()
    status = server.wait()
    if closed.is_set():
        watch.join()
    os.killpg(0, signal.SIGTERM)
    return status


def _watch(server: "subprocess.Popen[bytes]", closed: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    closed.set()
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(PATIENCE)
    os.killpg(0, signal.SIGKILL)  # whatever is left, and this process


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
