"""Nothing on storage is trusted: names stay inside, contents are what was sealed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import toy
from cem_toolkit.errors import CemError
from cem_toolkit.folders import find_run
from cem_toolkit.run import Run
from cem_toolkit.storage.urls import check_url, confined
from cem_toolkit.store import with_checksum
from conftest import Evolve

Files = Callable[[str], dict[str, bytes]]
Resume = Callable[[str, Path], Run]
Write = Callable[[str, bytes], None]
EVIL = b"from the storage"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../a", "a/../../b", "/etc/passwd", "a\\..\\b", "a\nb", "a\0b", "\x1b[2J", "a/" * 300, "link/a"],
)
def test_names_that_lead_elsewhere(name: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/tmp")  # noqa: S108
    assert confined(tmp_path, name) in (None, tmp_path)
    assert confined(tmp_path, "round-1/mine/a file.jsonl") == tmp_path / "round-1/mine/a file.jsonl"


def test_a_note_that_names_files_elsewhere(
    memory: str, evolve: Evolve, elsewhere: Path, files: Files, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evolve(out=memory)
    sealed = {"bytes": len(EVIL), "sha256": hashlib.sha256(EVIL).hexdigest()}
    for name in ("../../../../evil", "stage.json"):
        place = f"{run.name}/round-1/mine/stage.json"
        note = json.loads(files(memory)[place])
        del note["checksum"]
        write(f"{memory}/{place}", json.dumps(with_checksum({**note, "files": {name: sealed}})).encode())
        write(f"{memory}/evil", EVIL)
        found = find_run(run.name, memory, elsewhere)
        assert found.round(1).stage("mine") is None
        said = capsys.readouterr().err
        assert "which no stage has; this stage counts as not finished" in said
        assert len(said.splitlines()) == 1
    assert not list(elsewhere.parent.rglob("evil"))


@pytest.mark.parametrize("note", [b"", b"\xff", b'{"files": {"a": null}, "key": "k"}', b"{" * 10000])
def test_a_note_of_garbage_is_no_finished_stage(
    note: bytes, memory: str, evolve: Evolve, resume: Resume, elsewhere: Path, write: Write
) -> None:
    run = evolve(out=memory)
    write(f"{memory}/{run.name}/round-1/mine/stage.json", note)
    assert resume(f"{memory}/{run.name}", elsewhere).summary()["accuracy"] == run.summary()["accuracy"]


def test_a_hint_that_leads_elsewhere_is_no_stage(
    memory: str, evolve: Evolve, elsewhere: Path, files: Files, write: Write
) -> None:
    evolve(out=memory)
    hints = [name for name in files(memory) if name.startswith(".stages/")]
    for hint in hints:
        for line in (b"../../../etc", b"/etc", b".lease", b"\xff\xfe", b"x" * 900, b"no-such-run/round-1/mine"):
            write(f"{memory}/{hint.rpartition('/')[0]}/x{hashlib.sha256(line).hexdigest()}", line)
        write(f"{memory}/{hint}", b"../outside")
    toy.ToyTrainer.calls.clear()
    assert evolve(out=memory, cache=str(elsewhere)).finished
    assert toy.ToyTrainer.calls, "nothing could be reused"


def test_a_file_that_was_changed_is_found_and_the_stage_done_again(
    memory: str, evolve: Evolve, resume: Resume, elsewhere: Path, files: Files, write: Write,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run = evolve(out=memory)
    for stage, file in (("mine", "mistakes.jsonl"), ("train", "model/model.safetensors")):
        name = f"{run.name}/round-1/{stage}/{file}"
        content = files(memory)[name]
        write(f"{memory}/{name}", bytes([content[0] ^ 1]) + content[1:])
    toy.ToyTrainer.calls.clear()
    again = resume(f"{memory}/{run.name}", elsewhere)
    assert "is not the file that was sealed" in capsys.readouterr().err
    assert toy.ToyTrainer.calls == [1]
    assert again.summary()["accuracy"] == run.summary()["accuracy"]
    assert hashlib.sha256(files(memory)[name]).hexdigest() == hashlib.sha256(content).hexdigest(), "mended there too"


@pytest.mark.parametrize("name", ["../outside", ".stages", "a b", "\x1b[2Jrun", "x" * 200])
def test_names_of_runs_that_are_none(name: str, memory: str, write: Write, elsewhere: Path) -> None:
    write(f"{memory}/latest", name.encode())
    write(f"{memory}/good-run/plan.json", b"{}")
    with pytest.raises(CemError, match="there are good-run") as error:
        find_run("latest", memory, elsewhere)
    assert len(str(error.value).splitlines()) == 1
    assert "\x1b" not in str(error.value)
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("s3://key:secret@bucket/runs", "the address holds a secret"),
        ("az://box/runs?sig=secret", "the address holds a secret"),
        ("simplecache::s3://bucket/runs", "is no address of a folder"),
        ("s3://", "is no address of a folder"),
    ],
)
def test_addresses_that_are_none_and_those_with_secrets(url: str, complaint: str, evolve: Evolve) -> None:
    with pytest.raises(CemError, match=complaint) as error:
        evolve(out=url)
    assert "key:secret" not in str(error.value)
    assert "sig=secret" not in str(error.value)
    with pytest.raises(CemError):
        check_url(url)


def test_storage_whose_library_is_missing(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(CemError, match=r"pip install 'cem-toolkit\[gcs\]'"):
        evolve(out="gs://bucket/runs")
