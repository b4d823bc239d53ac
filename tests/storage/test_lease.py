"""Two machines and one run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cem_toolkit.errors import CemError
from cem_toolkit.storage import lease
from cem_toolkit.storage.lease import Lease
from cem_toolkit.storage.remote import Remote

Files = Callable[[str], dict[str, bytes]]


@pytest.fixture(params=["memory", "s3"])
def remote(request: pytest.FixtureRequest) -> Remote:
    return Remote(request.getfixturevalue(request.param))


def test_the_second_machine_is_refused_and_told_when_to_try_again(remote: Remote, tmp_path: Path, files: Files) -> None:
    with Lease(remote, "a-run", tmp_path / "one"):
        with pytest.raises(CemError, match=r"is being worked on elsewhere .* try again in \d+ seconds") as error:
            Lease(remote, "a-run", tmp_path / "two").__enter__()
        assert len(str(error.value).splitlines()) == 1
        with Lease(remote, "another-run", tmp_path / "two"):
            pass
    assert not files(remote.url), "nothing is left behind"
    with Lease(remote, "a-run", tmp_path / "two"):
        pass


def test_what_a_dead_machine_held_is_taken_over(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Files
) -> None:
    dead = Lease(remote, "a-run", tmp_path / "one").__enter__()
    dead._ended.set()  # it renews no more
    monkeypatch.setattr(lease, "STALE", -1.0)
    with Lease(remote, "a-run", tmp_path / "two") as other:
        other.check()
        with pytest.raises(CemError, match="another machine has taken this run over"):
            dead.check()
    with pytest.raises(CemError, match="another machine has taken this run over"):
        dead.check()


def test_the_same_copy_goes_on_at_once(remote: Remote, tmp_path: Path) -> None:
    Lease(remote, "a-run", tmp_path / "one").__enter__()._ended.set()
    with Lease(remote, "a-run", tmp_path / "one") as again:
        assert again.number == 2


def test_only_one_of_two_that_come_together_gets_it(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Lease(remote, "a-run", tmp_path / name) for name in ("one", "two"))
    monkeypatch.setattr(second, "_numbers", list)  # it has looked before the first one came
    with first, pytest.raises(CemError, match="has just begun to work on this run"):
        second.__enter__()


def test_it_is_renewed(memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.01)
    remote = Remote(memory)
    with Lease(remote, "a-run", tmp_path) as held:
        name = "a-run/.lease/00000001.json"
        before = remote.modified(name)
        for _ in range(1000):
            if remote.modified(name) > before:
                break
            held._ended.wait(0.01)
        assert remote.modified(name) > before


def test_a_lease_of_garbage_counts_by_its_age(memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote(memory)
    for content in (b"\xff", b"[]", json.dumps({"machine": "\x1b[31m" * 100}).encode()):
        remote.write("a-run/.lease/00000007.json", content)
        with pytest.raises(CemError, match="is being worked on elsewhere"):
            Lease(remote, "a-run", tmp_path).__enter__()
    monkeypatch.setattr(lease, "STALE", -1.0)
    with Lease(remote, "a-run", tmp_path) as held:
        assert held.number == 8
