"""The store of a run: on disk, or with a mirror."""

from collections.abc import Callable
from pathlib import Path

from cem_toolkit.store import Store


def open_store(out: Path, mirror: str, log: Callable[[str], None]) -> Store:
    """Raises CemError where what the mirror's address takes is not installed."""
    if not mirror:
        return Store(out)
    from cem_toolkit.storage.mirror import MirroredStore

    return MirroredStore(out, mirror, log)
