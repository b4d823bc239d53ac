"""Keeps two machines from working on one run, as far as object storage can.

A lease is a file `.lease/00000001.json` beside the run's stages. It is made so that only one can make it, where the
storage can (S3, GCS, disks: yes), renewed every `RENEWED` seconds, and removed in the end. One that is older than
`STALE` belongs to a machine that died: whoever comes then makes the next number, which again only one can. A machine
that was cut off for longer finds that its number is gone, and stops before it copies anything more.

Ages are by the storage's clock alone, so machines' clocks need not agree.
"""

import datetime
import json
import os
import platform
import re
import threading
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from cem_toolkit.errors import CemError
from cem_toolkit.files import replacing
from cem_toolkit.parsing import parse_json
from cem_toolkit.storage.remote import Remote, StorageError
from cem_toolkit.storage.urls import joined

RENEWED = 45.0
STALE = 180.0
"""In seconds."""
NUMBERED = re.compile(r"(\d{8})\.json")


class Lease:
    """A context manager that holds the lease of the run `name`.

    Raises CemError where another machine has it. What the same local copy left behind is taken over at once: there a
    lock of the operating system's has seen to it that nobody else is at work.
    """

    def __init__(self, remote: Remote, name: str, copy: Path) -> None:
        self.remote, self.folder = remote, f"{name}/.lease"
        self.mark = _mark(copy)
        self.number = 0
        self._lost = False
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True, name="lease")

    def __enter__(self) -> Self:
        numbers = self._numbers()
        if numbers:
            self._refuse_fresh(numbers[-1])
        self.number = (numbers[-1] if numbers else 0) + 1
        try:
            self.remote.write(self._file(self.number), self._content(), new=True)
        except FileExistsError:
            raise CemError(
                f"{joined(self.remote.url, self.folder)}: another machine has just begun to work on this run"
            ) from None
        for number in numbers:
            self.remote.remove(self._file(number))
        self._renewing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewing.join(timeout=5)
        try:
            self.remote.remove(self._file(self.number))
        except StorageError:
            if kind is None:
                raise

    def check(self) -> None:
        """Raises CemError where another machine has taken over meanwhile."""
        if self._lost or self._numbers()[-1:] != [self.number]:
            self._lost = True
            raise CemError(
                f"{joined(self.remote.url, self.folder)}: another machine has taken this run over, for this one was "
                f"not heard of for {STALE:.0f} seconds; what it did since is in the local copy only"
            )

    def _refuse_fresh(self, number: int) -> None:
        try:
            said = parse_json(self.remote.read(self._file(number), 4096))
            age = self._age(number)
        except FileNotFoundError:  # given back this moment
            return
        except ValueError:
            said, age = {}, self._age(number)
        said = said if isinstance(said, dict) else {}
        if said.get("mark") == self.mark or age > STALE:
            return
        who = f"{said.get('machine', '?')!s:.80}, process {said.get('process', '?')!s:.20}"
        raise CemError(
            f"{joined(self.remote.url, self.folder.partition('/')[0])}: is being worked on elsewhere ({who}, heard of "
            f"{max(age, 0):.0f} seconds ago); if that has died, try again in {max(STALE - age, 0) + 1:.0f} seconds"
        )

    def _age(self, number: int) -> float:
        """Since it was renewed, in seconds."""
        asked = f"{self.folder}/asked-{uuid.uuid4().hex}"
        self.remote.write(asked, b"")
        try:
            return (self.remote.modified(asked) - self.remote.modified(self._file(number))).total_seconds()
        finally:
            self.remote.remove(asked)

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED):
            try:
                self.check()
                self.remote.write(self._file(self.number), self._content())
            except StorageError:
                continue  # out of reach: the next time may do, and nobody takes over before `STALE`
            except CemError:
                return  # the next `check` says so where it is heard

    def _numbers(self) -> list[int]:
        names = (name.rpartition("/")[2] for name in self.remote.files(self.folder, deep=False))
        return sorted(int(found[1]) for name in names if (found := NUMBERED.fullmatch(name)))

    def _file(self, number: int) -> str:
        return f"{self.folder}/{number:08}.json"

    def _content(self) -> bytes:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        owner = {"machine": platform.node(), "process": os.getpid(), "time": now, "mark": self.mark}
        return json.dumps(owner).encode()


def _mark(copy: Path) -> str:
    """What tells this local copy from any other."""
    path = copy / ".copy"
    if not path.is_file():
        with replacing(path) as beside:
            beside.write_text(uuid.uuid4().hex)
    return path.read_text(encoding="utf-8").strip()
