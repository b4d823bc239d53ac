"""The process that reads pages: one JSON object a line in, one a line out. `Reader` starts and ends it.

HTML is a stranger's input to a large parser written in C, so it is parsed here, where running too long, eating too much
memory or crashing ends this process and nothing else.
"""

import base64
import contextlib
import json
import sys
from typing import Any

MEMORY = 2 * 2**30
"""Bytes of address space. Reading 5 MB of HTML was seen to take 300 MB."""


READY = "ready\n"
"""The first line that it writes, when its libraries are loaded."""


def main() -> None:
    import trafilatura  # noqa: F401 (loaded before the memory is limited)

    from cem_search.reading.pages import read_page

    _limit_memory()
    sys.stdout.write(READY)
    sys.stdout.flush()
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        body = base64.b64decode(asked.pop("body"))
        try:
            answer = read_page(body, **asked)
        except MemoryError:
            answer = {"refused": "unreadable", "reason": "needs too much memory"}
        except Exception as error:  # whatever lxml or trafilatura stumble over; the next page may be fine
            answer = {"refused": "unreadable", "reason": f"{type(error).__name__}: {error}"[:200]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not every system has it
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
