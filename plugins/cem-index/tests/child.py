"""A process that indexes slowly: says "read" for each record, and stands still at one of them.

python child.py CONFTEST FOLDER COUNT STILL [MOST_BYTES_OF_A_FILE]
"""

import importlib.util
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cem_index.building


class Told(list[str]):
    def append(self, line: str) -> None:
        print(line, flush=True)


def main(conftest: str, folder: str, count: int, still: int, most: int = 0) -> None:
    spec: Any = importlib.util.spec_from_file_location("helpers", conftest)
    helpers = sys.modules["helpers"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helpers)

    def documents(position: str) -> Iterator[Any]:
        for number, pair in enumerate(helpers.make_documents(count)(position)):
            print("read", flush=True)
            if number == still:
                time.sleep(60)
            yield pair

    if most:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    cem_index.building.COMMIT = 100
    print(len(helpers.Shelf(Path(folder), Told()).open(documents)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
