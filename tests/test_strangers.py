"""A run folder from a stranger is safe to open: nothing outside it is read or written, none of its code is run, what it
says can only be read, and what is wrong with it is one clear line."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cem_toolkit.cli import main
from cem_toolkit.run import Run
from conftest import Evolve
from resealing import reseal

CANARY = "what only this user may see"
EVIL = (
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\u202e<script>alert(1)</script>[x](javascript:alert(1))![i](https://evil.test/i)"
    "<img src=x onerror=alert(1)>|`{{ 7*7 }}${HOME}@all"
)
"""What a stranger may write: sequences for terminals, for pages, for Markdown, and for templates."""

Spoil = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"folder": tmp_path_factory.mktemp("made")}


@pytest.fixture
def run(_made: dict[str, Path], evolve: Evolve, tmp_path: Path) -> Run:
    """A whole run in a folder of its own, as it was unpacked."""
    place = _made["folder"] / "run"
    if not place.exists():
        shutil.copytree(evolve(arms=["random"]).folder, place)
    unpacked = tmp_path / "unpacked" / "2026-11-27-kind-owl"
    shutil.copytree(place, unpacked)
    with (unpacked / "plan.json").open("a") as plan:
        plan.write("\n")  # so that it is none that was started here
    return Run(unpacked)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Files of the user's beside the run."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "private.jsonl").write_text(CANARY)
    (folder / "config.yaml").write_text(CANARY)
    return folder


def state(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def commands(run: Run) -> list[tuple[str, ...]]:
    folder = str(run.folder)
    attempts = (run.folder / "round-0/evaluate/attempts.jsonl").read_text("utf-8", "replace").splitlines()
    match = re.search(r'"id": "(\w+)"', attempts[0]) if attempts else None
    some = match[1] if match else "Land1"
    return [
        ("show", folder),
        ("show", folder, "--json"),
        ("report", folder),
        ("ledger", folder),
        ("ledger", folder, "--json"),
        ("ledger", folder, some),
        ("resume", folder),
        ("evolve", "--help"),
    ]


def links(target: str, name: str) -> Spoil:
    def spoil(folder: Path, outside: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.symlink_to(outside / target)

    return spoil


def writes(name: str, text: str) -> Spoil:
    def spoil(folder: Path, outside: Path) -> None:
        (folder / name).write_text(text)

    return spoil


def changes(name: str, **values: Any) -> Spoil:
    def spoil(folder: Path, outside: Path) -> None:
        path = folder / name
        first, _, rest = path.read_text().partition("\n") if path.suffix == ".jsonl" else (path.read_text(), "", "")
        path.write_text(json.dumps(json.loads(first) | values) + "\n" + rest)

    return spoil


def pipes(folder: Path, outside: Path) -> None:
    (folder / "round-1/mix/rows.jsonl").unlink()
    os.mkfifo(folder / "round-1/mix/rows.jsonl")


def names_others(folder: Path, outside: Path) -> None:
    noted = {"bytes": len(CANARY), "sha256": "0" * 64}
    files = {str(outside / "private.jsonl"): noted, "../../../../outside/private.jsonl": noted}
    changes("round-1/mix/stage.json", files=files)(folder, outside)


DEEP = "[" * 100_000
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
HOSTILE: dict[str, Spoil] = {
    "link to a file": links("private.jsonl", "round-0/evaluate/attempts.jsonl"),
    "link to a folder": links("", "round-1"),
    "link instead of the report": links("private.jsonl", "report.html"),
    "link instead of the events": links("private.jsonl", "events.jsonl"),
    "link to nowhere": links("nothing", "round-1/mix/rows.jsonl"),
    "a pipe": pipes,
    "files of others": names_others,
    "YAML bomb": writes("config.yaml", BOMB),
    "YAML in YAML": writes("config.yaml", "a: " + "[" * 50_000),
    "YAML that holds itself": writes("config.yaml", "a: &a [*a]\n"),
    "a YAML tag": writes("config.yaml", "a: !!python/object/apply:os.mkdir [outside/made]\n"),
    "a number without end": writes("config.yaml", "a: " + "9" * 50_000),
    "deep plan": writes("plan.json", DEEP),
    "plan of another kind": writes("plan.json", "[1]"),
    "deep stage": writes("round-1/gate/stage.json", DEEP),
    "deep event": writes("events.jsonl", DEEP + "\n1\n"),
    "deep record": writes("round-0/evaluate/attempts.jsonl", DEEP + "\n"),
    "huge number": changes("round-1/evaluate/stage.json", seconds=10**400),
    "no number": changes("round-1/evaluate/stage.json", seconds="many"),
    "not a number": changes("round-1/evaluate/stage.json", seconds=float("nan")),
    "figures of another kind": changes("round-1/gate/stage.json", figures=[1]),
    "figures that are missing": changes("round-1/gate/stage.json", figures={}),
    "scores of another kind": changes("round-0/evaluate/attempts.jsonl", scores={"a": "b"}),
    "text of another kind": changes("round-0/evaluate/attempts.jsonl", question=7),
    "choices of another kind": changes("round-0/evaluate/attempts.jsonl", choices=[[1]]),
    "a list as an id": changes("round-1/mix/rows.jsonl", id=["a"]),
    "hits of another kind": changes("round-1/read/passages.jsonl", hits=[1]),
    "no UTF-8": lambda folder, _: (folder / "events.jsonl").write_bytes(b"\xff\xfe"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_in_it_is_told_or_refused_in_one_line(
    run: Run, outside: Path, spoil: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(outside)
    asked = commands(run)
    spoil(run.folder, outside)
    for arguments in asked:
        code, out, err = command(capsys, *arguments)
        assert code in (0, 2), (arguments, err)
        assert all(line.startswith("cem-toolkit: error: ") for line in err.splitlines()), (arguments, err)
        assert len(err.splitlines()) == (code == 2), (arguments, err)
        assert CANARY not in out + err
    assert state(outside) == before
    report = run.folder / "report.html"
    assert report.is_symlink() or not report.exists() or CANARY not in report.read_text()


@pytest.mark.parametrize(
    "name", ["link to a file", "link to a folder", "link instead of the report", "a pipe", "YAML bomb", "deep plan"]
)
def test_the_line_names_the_place(run: Run, outside: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    HOSTILE[name](run.folder, outside)
    code, _, err = command(capsys, "compare", str(run.folder), str(run.folder.parent / "other"))
    assert code == 2
    assert str(run.folder) in err or "no run" in err


def test_a_link_within_the_folder_is_no_harm(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    (run.folder / "settings.yaml").symlink_to("config.yaml")
    assert command(capsys, "show", str(run.folder))[0] == 0


def test_a_file_that_a_stage_names_outside_itself_is_not_looked_at(run: Run, outside: Path) -> None:
    from cem_toolkit.files import file_hash
    from cem_toolkit.store import is_whole, read_info

    stage = run.folder / "round-1/mix"
    info = read_info(stage)
    assert info
    assert is_whole(stage, info["key"])
    private = outside / "private.jsonl"
    noted = {"bytes": private.stat().st_size, "sha256": file_hash(private)}
    for name in (str(private), "../../../../outside/private.jsonl"):
        (stage / "stage.json").write_text(json.dumps(info | {"files": {name: noted}}))
        assert not is_whole(stage, info["key"])


def test_what_it_says_can_only_be_read(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for path in run.folder.rglob("*.json*"):
        text = path.read_text("utf-8")
        for word in ("Land", "Town", "toy-pages", "CC0", "group ", "capitals"):
            text = text.replace(word, json.dumps(EVIL + word)[1:-1])
        path.write_text(re.sub(r'"url": "[^"]*"', '"url": "javascript:alert(1)"', text), "utf-8")
    for arguments in commands(run):
        code, out, err = command(capsys, *arguments)
        assert code in (0, 2), (arguments, err)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out + err), arguments
    page = (run.folder / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    for name in ("report.md", "model-card.md", "dataset-card.md", "ATTRIBUTION.md"):
        text = (run.folder / name).read_text("utf-8")
        text = text.split("\n---\n", 1)[-1]  # a card's fields are YAML, and are not shown as Markdown
        assert "<script" not in text, name
        assert "<img" not in text, name
        assert not re.search(r"(?<!\\)\]\((?:javascript|https://evil)", text), name
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), name


def test_the_report_asks_nobody_for_anything(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    command(capsys, "report", str(run.folder))
    page = (run.folder / "report.html").read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1].replace("&#39;", "'")
    assert "unsafe" not in policy[1]
    assert not re.search(r"<(?:script|img|iframe|link|object|embed|video|audio|source)\b[^>]*\s(?:src|href)=", page)
    assert not re.search(r"url\(\s*['\"]?(?!data:)[\w/]", page)


def test_its_code_is_not_run_unasked(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')\n"
    (run.folder / "cem_plugins.py").write_text(code)
    (run.folder / "utils.py").write_text(code)
    (run.folder / "task.yaml").write_text("task: t\nprocess_docs: !function utils.run\n")
    plan = json.loads((run.folder / "plan.json").read_text())
    plan |= {"config_folder": str(run.folder), "plugins": plan["plugins"] | {"local": "cem_plugins.py 1"}}
    (run.folder / "plan.json").write_text(json.dumps(plan))
    config = yaml.safe_load((run.folder / "config.yaml").read_text())
    config |= {"tasks": ["task.yaml"], "evaluator": {"trust_remote_code": True}}
    (run.folder / "config.yaml").write_text(yaml.safe_dump(config))
    reseal(run.folder)
    before = state(run.folder)
    for arguments in (("show",), ("ledger",), ("resume",)):
        _, _, err = command(capsys, *arguments, str(run.folder))
    assert "you have not started this run on this machine" in err
    assert "--trust" in err
    assert not ran.exists()
    assert state(run.folder) == before
    command(capsys, "resume", str(run.folder), "--trust")
    assert ran.exists()


def test_a_run_of_ones_own_is_gone_on_with_wherever_it_lies(evolve: Evolve, plugins: Any, tmp_path: Path) -> None:
    from cem_toolkit.errors import CemError
    from cem_toolkit.evolving import resume

    moved = Run(Path(shutil.move(evolve().folder, tmp_path / "elsewhere")))
    assert resume(moved, registry=plugins, progress=False).finished
    with (moved.folder / "config.yaml").open("a") as file:
        file.write("\n# somebody else was here\n")
    with pytest.raises(CemError, match="not started this run"):
        resume(moved, registry=plugins, progress=False)
    assert resume(moved, registry=plugins, progress=False, trust=True).finished
