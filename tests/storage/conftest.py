"""A real S3 server (moto's) over HTTP, and runs in the toy world that are mirrored to it."""

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from cem_toolkit.plugins import Plugins
from cem_toolkit.run import Run

KEYS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "not-to-be-written-down", "AWS_REGION": "us-east-1"}
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a new bucket, whose server and keys stand in the environment."""
    settings = {**KEYS, "AWS_ENDPOINT_URL": s3_server, "AWS_CONFIG_FILE": str(tmp_path / "no-profile")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{next(_numbers)}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}"


@pytest.fixture
def memory() -> str:
    """The address of an empty folder in memory."""
    return f"memory://folder-{next(_numbers)}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The empty cache of another machine."""
    return tmp_path / "another machine"


@pytest.fixture
def resume(plugins: Plugins) -> Callable[[str, Path], Run]:
    """Goes on with the run of that address, on the machine that has that cache."""
    from cem_toolkit.evolving import resume
    from cem_toolkit.folders import find_run

    def run(url: str, cache: Path) -> Run:
        return resume(find_run(url, "runs", cache), progress=False, registry=plugins)

    return run


@pytest.fixture
def files() -> Callable[[str], dict[str, bytes]]:
    """What lies below an address, by name."""

    def read(url: str) -> dict[str, bytes]:
        fs, root = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        return {path.removeprefix(root).lstrip("/"): fs.cat_file(path) for path in fs.find(root)}

    return read


@pytest.fixture
def write() -> Callable[[str, bytes], None]:
    """Puts a file on storage."""

    def put(url: str, content: bytes) -> None:
        fs, path = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        fs.pipe_file(path, content)

    return put


@pytest.fixture
def remove() -> Callable[[str], None]:
    """Takes a file from storage."""

    def rm(url: str) -> None:
        fs, path = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        fs.rm_file(path)

    return rm
