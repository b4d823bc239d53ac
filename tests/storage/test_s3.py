"""Runs on a real S3 server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import toy
from cem_toolkit.cli import main
from cem_toolkit.errors import CemError
from cem_toolkit.folders import find_run
from cem_toolkit.run import Run
from conftest import Evolve

Files = Callable[[str], dict[str, bytes]]
Resume = Callable[[str, Path], Run]
Write = Callable[[str, bytes], None]


def test_a_run_on_s3_can_be_looked_at_from_another_machine(
    s3: str, evolve: Evolve, elsewhere: Path, files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evolve(out=f"{s3}/runs")
    stored = files(f"{s3}/runs")
    assert {f"{run.name}/{name}" for name in ("config.yaml", "plan.json", "report.html")} <= stored.keys()
    assert not [name for name in stored if "/.lease/" in name], "the lease is given back"
    assert b"not-to-be-written-down" not in b"".join(stored.values())
    assert f"out: {s3}/runs" in stored[f"{run.name}/config.yaml"].decode()

    for reference in ([f"{s3}/runs/{run.name}"], ["latest", "--out", f"{s3}/runs"]):
        with pytest.raises(SystemExit) as end:
            main(["show", *reference, "--cache", str(elsewhere), "--json"])
        assert end.value.code == 0
        shown = json.loads(capsys.readouterr().out)
        assert {**shown, "folder": ""} == json.loads(json.dumps({**run.summary(), "folder": ""}))
    assert not list(elsewhere.rglob("*.safetensors")), "no model is fetched for a look"
    for command in (["report"], ["ledger"]):
        with pytest.raises(SystemExit) as end:
            main([*command, f"{s3}/runs/latest", "--cache", str(elsewhere)])
        assert end.value.code == 0, capsys.readouterr().err
    assert "report.html" in capsys.readouterr().out


def test_another_machine_goes_on_from_the_last_stage_that_was_copied(
    s3: str, evolve: Evolve, resume: Resume, elsewhere: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evolve()
    with monkeypatch.context() as broken:
        broken.setattr(toy.ToyTrainer, "train", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            evolve(out=f"{s3}/runs")
    toy.ToyEvaluator.calls.clear()
    assert not [name for name in files(f"{s3}/runs") if "/train/" in name]

    run = resume(f"{s3}/runs/latest", elsewhere)

    assert toy.ToyEvaluator.calls == [1], "the starting model is not asked again"
    assert run.folder.is_relative_to(elsewhere)
    assert run.summary()["accuracy"] == whole.summary()["accuracy"]
    assert f"{run.name}/round-1/train/stage.json" in files(f"{s3}/runs")


def test_another_machine_s_finished_stages_are_reused(s3: str, evolve: Evolve, elsewhere: Path) -> None:
    first = evolve(out=f"{s3}/runs")
    toy.ToyTrainer.calls.clear()
    toy.ToyEvaluator.calls.clear()
    second = evolve(out=f"{s3}/runs", cache=str(elsewhere))
    assert second.name != first.name
    assert not toy.ToyTrainer.calls
    assert not toy.ToyEvaluator.calls
    assert all(stage.reused for stage in second.round(1).stages)
    assert first.name in second.round(1).stage("train").info["reused_from"]  # type: ignore[union-attr]


def test_a_model_on_s3_is_fetched_once(s3: str, evolve: Evolve, model: Path, write: Write) -> None:
    from cem_toolkit.models import NotOnDisk, resolve_model

    for path in model.iterdir():
        write(f"{s3}/models/toy/{path.name}", path.read_bytes())
    write(f"{s3}/models/toy/pytorch_model.bin", b"a pickle")
    cache, said = model.parent / "cache", list[str]()
    with pytest.raises(NotOnDisk):
        resolve_model(f"{s3}/models/toy", cache, said.append, fetch=False)
    found = resolve_model(f"{s3}/models/toy", cache, said.append)
    assert found.fingerprint == resolve_model(str(model), cache, said.append).fingerprint
    assert resolve_model(f"{s3}/models/toy", cache, said.append) == found
    assert len(said) == 1
    assert not list(found.path.glob("*.bin"))
    assert evolve(model=f"{s3}/models/toy").finished
    toy.write_model(model, ["a town"])
    write(f"{s3}/models/toy/model.safetensors", (model / "model.safetensors").read_bytes())
    assert resolve_model(f"{s3}/models/toy", cache, said.append).fingerprint != found.fingerprint


def test_what_cannot_be_written_to_is_said_before_anything_is_done(s3: str, evolve: Evolve, tmp_path: Path) -> None:
    with pytest.raises(CemError, match="cannot be written") as error:
        evolve(out="s3://no-such-bucket/runs")
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(CemError, match="there is no folder with a model"):
        evolve(model=f"{s3}/nothing")
    assert not toy.ToyEvaluator.calls
    with pytest.raises(CemError, match=r"no run 'latest' at s3://.*: it holds no runs"):
        find_run("latest", f"{s3}/runs", tmp_path)


def test_a_server_that_is_not_there_is_one_line(s3: str, evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CemError, match="check the address, the network") as error:
        evolve(out=f"{s3}/runs")
    assert len(str(error.value).splitlines()) == 1
