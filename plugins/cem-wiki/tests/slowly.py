"""A process that indexes a whole wiki, says "read" for each document, and stands still at the 36th.

python slowly.py BACKEND FILE FOLDER
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cem_index.building
from cem_toolkit.testing import make_context
from cem_wiki.options import WikiOptions
from cem_wiki.source import Wiki

if __name__ == "__main__":
    backend, file, folder = sys.argv[1:]
    cem_index.building.COMMIT = 10
    source, ctx = Wiki(WikiOptions(backend=backend, data=file)), make_context(Path(folder))
    kind = type(source._collection(ctx))
    read_on = kind.documents

    def slowly(self: Any, position: str) -> Iterator[Any]:
        for number, pair in enumerate(read_on(self, position), 1):
            print("read", flush=True)
            if number == 36:
                time.sleep(60)
            yield pair

    kind.documents = slowly
    source.open(ctx)
