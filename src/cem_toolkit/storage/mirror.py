"""A store whose stages are copied to storage as they finish, and found there when another machine has finished them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.run import Run
from cem_toolkit.storage.lease import Lease
from cem_toolkit.storage.remote import Remote, StorageError
from cem_toolkit.storage.transfer import Damaged, fetch_stage, hints, read_note, send_stage
from cem_toolkit.storage.urls import confined
from cem_toolkit.store import Store, is_whole, read_info

FETCHED = ".fetched"
"""The folder, below the local copy, for other runs' stages."""
START = ("config.yaml", "plan.json")
"""What makes a folder a run's; the last one comes last."""


class MirroredStore(Store):
    """Stages below the local folder `out`, and a copy of each at `url`.

    Where the storage is out of reach the run goes on: the local copy has everything, each finished stage tries again
    to bring along what is missing, and so does the end.
    """

    def __init__(self, out: Path, url: str, log: Callable[[str], None]) -> None:
        super().__init__(out)
        self.remote = Remote(url)
        self.log = log
        self._lease: Lease | None = None
        self._waiting: dict[str, None] = {}
        self._away = False

    def check(self) -> None:
        self.remote.check()

    def taken(self, name: str) -> bool:
        """Whether a run of that name is there already."""
        return bool(self.remote.files(name))

    @contextlib.contextmanager
    def holding(self, run: Run) -> Iterator[None]:
        """Keeps other machines from working on the run meanwhile, and copies its start and its end.

        Raises CemError where another machine works on it, and in the end where not everything could be copied.
        """
        with Lease(self.remote, run.name, self.out) as self._lease:
            try:
                for name in START:
                    self.remote.put(run.folder / name, f"{run.name}/{name}")
                self.remote.write("latest", run.name.encode())
                yield
            except BaseException:
                with contextlib.suppress(CemError):
                    self.keep(run.folder / "events.jsonl")
                raise
            self._send()
        self._lease = None
        if self._waiting:
            raise CemError(
                f"{self.remote.url}: {len(self._waiting)} of this run's stages and files could not be copied there; "
                f"they are in {run.folder}, and `cem-toolkit resume {run.folder}` copies them"
            )

    def holds(self, place: Path, key: str) -> bool:
        """As `Store.holds`; what another machine has finished of this run is fetched, what it lacks is sent."""
        name = self._name(place)
        with self._reaching():
            note = read_note(self.remote, name)
            if note and note.get("key") == key:
                here = read_info(place)
                if here and here["files"] == note["files"] and is_whole(place, key):
                    return True
                if self._fetch(name, place, note, known=place):
                    return True
        whole = is_whole(place, key)
        if whole:
            self._send(name)
        return whole

    def publish(self, key: str, folder: Path) -> None:
        super().publish(key, folder)
        self._send(self._name(folder))

    def keep(self, *files: Path) -> None:
        self._send(*(self._name(file) for file in files if file.is_file()))

    def find(self, key: str) -> Path | None:
        if found := super().find(key):
            return found
        with self._reaching():
            for hint in self.remote.files(hints(key), deep=False):
                try:
                    name = self.remote.read(hint, 1000).decode().strip()
                except (FileNotFoundError, ValueError):
                    continue
                place = confined(self.out / FETCHED, name)
                if place is None or name.startswith("."):
                    continue
                if is_whole(place, key):
                    return place
                note = read_note(self.remote, name)
                if note and note.get("key") == key and self._fetch(name, place, note):
                    return place
        return None

    def _fetch(self, name: str, place: Path, note: dict[str, Any], known: Path | None = None) -> bool:
        self.log(f"fetching {name} from {self.remote.url}")
        try:
            fetch_stage(self.remote, name, place, note, known=known)
        except Damaged as error:
            self.log(f"{error}; it is not used")
            return False
        return True

    def _send(self, *names: str) -> None:
        """Copies these files and stages, and all that waits; what does not arrive goes on waiting."""
        self._waiting.update(dict.fromkeys(names))
        with self._reaching():
            if self._lease and not all((self.out / name).is_file() for name in self._waiting):
                self._lease.check()
            for name in list(self._waiting):
                if (self.out / name).is_file():
                    self.remote.put(self.out / name, name)
                else:
                    send_stage(self.remote, self.out, name)
                del self._waiting[name]

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        """Says so once where the storage cannot be reached, and goes on."""
        try:
            yield
        except Damaged:
            raise
        except StorageError as error:
            if not self._away:
                self.log(f"{error}; the run goes on in its local copy")
            self._away = True
        else:
            self._away = False

    def _name(self, path: Path) -> str:
        return path.relative_to(self.out).as_posix()
