"""A folder on storage that fsspec knows, and what can go wrong with it as one line."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError, one_line
from cem_toolkit.files import replacing
from cem_toolkit.storage.urls import check_url, joined

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
"""By the address's scheme, the extra of cem-toolkit that brings what it takes."""
WITH_FOLDERS = {"file", "local", "sftp", "ssh", "smb", "hdfs", "webhdfs", "ftp"}
"""Schemes whose folders have to be made before there can be a file in them."""
MOST_BYTES = 64 << 20
"""Of a note that is read into memory: a stage of a hundred thousand files has a shorter one."""


class StorageError(CemError):
    """The storage could not be reached, or refused."""


class Remote:
    """A folder by its address. Names of files in it are relative, with slashes.

    Trying again is left to the file system's own library. Everything that still fails is a StorageError, but for what
    is not there (FileNotFoundError), or is there already (FileExistsError).
    """

    def __init__(self, url: str) -> None:
        """Raises CemError where the address is none, or what it takes is not installed. Opens no connection."""
        check_url(url)
        self.url = url.rstrip("/")
        scheme = url.partition("://")[0]
        self._makes_folders = scheme in WITH_FOLDERS
        extra = EXTRAS.get(scheme)
        try:
            import fsspec

            self.fs, root = fsspec.url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            how = f"pip install 'cem-toolkit[{extra}]'" if extra else f"its fsspec library ({error})"
            raise CemError(f"{self.url}: storage of this kind takes: {how}") from None
        except Exception as error:
            raise CemError(f"{self.url}: cannot be opened: {one_line(error):.300}") from None
        self.root = str(root).rstrip("/")

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """A small file's content. Raises StorageError where it is larger than `most` bytes."""
        with self._faults("read", name):
            content = bytes(self.fs.cat_file(self._path(name), end=most + 1))
            if len(content) > most:
                raise StorageError(f"{joined(self.url, name)}: has more than {most:,} bytes; it is not read")
            return content

    def write(self, name: str, content: bytes, *, new: bool = False) -> None:
        """Writes a small file; with `new`, raises FileExistsError where there is one already."""
        with self._faults("write", name, missing=True):
            self._make_folder(name)
            self.fs.pipe_file(self._path(name), content, mode="create" if new else "overwrite")

    def put(self, local: Path, name: str) -> None:
        """Copies a file there."""
        with self._faults("write", name, missing=True):
            self._make_folder(name)
            self.fs.put_file(str(local), self._path(name))

    def get(self, name: str, local: Path) -> None:
        """Copies a file here, whole or not at all."""
        with self._faults("read", name), replacing(local) as beside:
            self.fs.get_file(self._path(name), str(beside))

    def size(self, name: str) -> int:
        """In bytes."""
        with self._faults("read", name):
            return int(self.fs.info(self._path(name))["size"] or 0)

    def modified(self, name: str) -> datetime.datetime:
        """When the file was written, by the storage's own clock."""
        with self._faults("read", name):
            found: datetime.datetime = self.fs.modified(self._path(name))
            return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)

    def mark(self, name: str) -> str:
        """Something that changes when the file does (an ETag, a time), by what the storage says of it."""
        with self._faults("read", name):
            return str(self.fs.ukey(self._path(name)))

    def files(self, folder: str = "", *, deep: bool = True) -> list[str]:
        """Names of all files below `folder`, sorted; of those right in it where not `deep`. Nobody has checked them:
        see `confined`."""
        start = self._path(folder) if folder else self.root
        with self._faults("list", folder):
            try:
                found = self.fs.find(start, maxdepth=None if deep else 1)
            except FileNotFoundError:
                return []
        # Some file systems give names with a leading slash, whatever they were asked with.
        prefix = self.root.lstrip("/") + "/"
        names = (str(path).lstrip("/") for path in found)
        return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def remove(self, name: str) -> None:
        """Removes a file; well if there is none."""
        with self._faults("remove", name), contextlib.suppress(FileNotFoundError):
            self.fs.rm_file(self._path(name))

    def check(self) -> None:
        """Raises StorageError where nothing can be written here. Leaves nothing."""
        name = ".cem-toolkit-can-write"
        self.write(name, b"")
        self.remove(name)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _make_folder(self, name: str) -> None:
        if self._makes_folders:
            self.fs.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)

    @contextlib.contextmanager
    def _faults(self, what: str, name: str, *, missing: bool = False) -> Iterator[None]:
        """`missing`: what is not there is then the whole place, such as a bucket."""
        passed: tuple[Any, ...] = (
            (CemError, FileExistsError) if missing else (CemError, FileExistsError, FileNotFoundError)
        )
        try:
            yield
        except passed:
            raise
        except Exception as error:
            raise StorageError(
                f"{joined(self.url, name)}: cannot be {PARTICIPLES[what]} ({one_line(error):.300}); check the address, "
                "the network, and the keys in the environment"
            ) from error


PARTICIPLES = {"read": "read", "write": "written", "list": "listed", "remove": "removed"}
