"""What goes to the hub, what never does, and what is refused."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cem_toolkit.cli import main
from cem_toolkit.errors import CemError
from cem_toolkit.hub.choosing import check_dataset, choose
from cem_toolkit.hub.contents import dataset_upload, model_upload
from conftest import Evolve
from resealing import reseal

Push = Callable[..., subprocess.CompletedProcess[str]]
REPOS = ("--repo", "someone/capitals", "--dataset", "someone/capitals-rows", "--base", "maker/base-1b")


def front(card: bytes) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.decode().split("---\n")[1])
    return found


def test_model_rows_mistakes_and_cards_arrive(evolve: Evolve, push: Push, hub: Any) -> None:
    run = evolve()
    (run.folder / "round-1" / "train" / "model" / "optimizer.pt").write_bytes(b"a pickle")
    done = push(str(run.folder), *REPOS, "--private")
    assert done.returncode == 0, done.stderr
    model, dataset = hub.repos["models/someone/capitals"], hub.repos["datasets/someone/capitals-rows"]
    assert model["private"]
    assert dataset["private"]
    assert set(model["files"]) == {"model.safetensors", "config.json", "tokenizer.json", "README.md", "ATTRIBUTION.md"}
    assert set(dataset["files"]) == {"round-1/rows.jsonl", "round-1/mistakes.jsonl", "README.md", "ATTRIBUTION.md"}
    trained = run.round(1).folder / "train" / "model" / "model.safetensors"
    assert model["files"]["model.safetensors"] == trained.read_bytes()
    card = front(model["files"]["README.md"])
    assert card["base_model"] == "maker/base-1b"
    assert card["datasets"] == ["someone/capitals-rows"]
    assert card["model-index"]
    assert b"toy-pages: CC0" in dataset["files"]["ATTRIBUTION.md"]
    assert front(dataset["files"]["README.md"])["configs"][0]["data_files"] == "round-*/rows.jsonl"


def test_no_question_that_is_kept_to_measure_by_leaves(evolve: Evolve) -> None:
    run = evolve(sources={"toy-pages": {"leak": True}})
    choice = choose(run, None, "maker/base-1b", rejected=False)
    check_dataset(choice, private=False)
    uploads = [
        dataset_upload(choice, "a/b"),
        model_upload(choice, run.round(1).folder / "train" / "model", "a/c", None),
    ]
    sent = b"".join(
        content if isinstance(content, bytes) else content.read_bytes()
        for upload in uploads
        for content in upload.files.values()
    ).decode()
    kept = [attempt for attempt in run.start.attempts if attempt.split != "mined"]
    assert kept
    assert not [attempt.question for attempt in kept if attempt.question in sent]
    assert str(Path.home()) not in sent
    assert str(run.folder.parent) not in sent


def test_rows_of_a_question_that_is_held_out_are_refused(evolve: Evolve) -> None:
    run = evolve()
    held_out = next(attempt for attempt in run.start.attempts if attempt.split == "held_out")
    path = run.round(1).folder / "mix" / "rows.jsonl"
    row = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps({**row, "own_pairs": [held_out.id]}) + "\n")
    reseal(run.folder)
    with pytest.raises(CemError, match=r"is not one that was mined, .* must not be published"):
        check_dataset(choose(run, None, "maker/base-1b", rejected=False), private=True)


def test_texts_that_nobody_allowed_to_hand_on_go_to_private_datasets_only(evolve: Evolve) -> None:
    run = evolve()
    for name in ("cut", "read", "guard"):
        path = run.round(1).folder / name / "passages.jsonl"
        if path.is_file():
            path.write_text(path.read_text().replace('"CC0"', '"own documents"'))
    reseal(run.folder)
    choice = choose(run, None, "maker/base-1b", rejected=False)
    with pytest.raises(CemError, match=r"toy-pages \(own documents\)"):
        check_dataset(choice, private=False)
    check_dataset(choice, private=True)


def test_a_local_base_is_no_origin_that_a_card_can_name(evolve: Evolve) -> None:
    with pytest.raises(CemError, match="name that on the hub by --base"):
        choose(evolve(), None, None, rejected=False)


def test_paths_of_this_machine_in_configurations_become_the_name_on_the_hub(evolve: Evolve) -> None:
    run = evolve()
    folder = run.round(1).folder / "train" / "model"
    (folder / "config.json").write_text(json.dumps({"_name_or_path": "/home/someone/models/x", "model_type": "toy"}))
    files = model_upload(choose(run, None, "maker/base-1b", rejected=False), folder, "a/b", None).files
    assert json.loads(files["config.json"]) == {"_name_or_path": "maker/base-1b", "model_type": "toy"}  # type: ignore[arg-type]


def test_a_configuration_that_is_nested_without_end_is_told_of(evolve: Evolve) -> None:
    run = evolve()
    folder = run.round(1).folder / "train" / "model"
    (folder / "generation_config.json").write_text("[" * 100_000)
    with pytest.raises(CemError, match=r"generation_config\.json: is not JSON: nested too deep"):
        model_upload(choose(run, None, "maker/base-1b", rejected=False), folder, "a/b", None)


def test_a_rejected_model_goes_only_where_it_is_asked_for(evolve: Evolve) -> None:
    run = evolve(trainer={"forgets": 15})
    assert not run.round(1).accepted
    with pytest.raises(CemError, match="no round was accepted"):
        choose(run, None, "maker/base-1b", rejected=False)
    with pytest.raises(CemError, match="the gate rejected round 1"):
        choose(run, 1, "maker/base-1b", rejected=False)
    choice = choose(run, 1, "maker/base-1b", rejected=True)
    card = model_upload(choice, run.round(1).folder / "train" / "model", "a/b", None).files["README.md"]
    assert isinstance(card, bytes)
    assert "**Ship round 1? No" in card.decode()


def test_a_dry_run_lists_and_sends_nothing(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve()
    with pytest.raises(SystemExit) as end:
        main(["push", str(run.folder), *REPOS, "--dry-run"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert "model someone/capitals\n" in said
    assert "model.safetensors" in said
    assert "round-1/mistakes.jsonl" in said


def test_without_a_token_or_a_hub_it_is_one_line(evolve: Evolve, push: Push, hub: Any) -> None:
    run = evolve()
    for environment, complaint in (
        ({"HF_TOKEN": ""}, "there is no token to push with: `hf auth login`"),
        ({"HF_TOKEN": "hf_wrong"}, "the hub cannot be reached or refuses"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub cannot be reached or refuses"),
    ):
        done = push(str(run.folder), *REPOS, **environment)
        assert done.returncode == 2
        assert complaint in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not hub.repos


def test_a_public_repository_is_not_filled_where_private_was_asked_for(evolve: Evolve, push: Push, hub: Any) -> None:
    hub.repos["models/someone/capitals"] = {"private": False, "files": {}}
    done = push(str(evolve().folder), *REPOS, "--private")
    assert done.returncode == 2
    assert "is public" in done.stderr
    assert not any(repo["files"] for repo in hub.repos.values())
