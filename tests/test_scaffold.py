"""`cem-toolkit new-plugin`: what it writes is a whole package, and works before a line of it is changed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cem_toolkit
import toy
from cem_toolkit.cli import main
from cem_toolkit.evolving import evolve
from cem_toolkit.plugins import ROLES, discover, register

SRC = Path(cem_toolkit.__file__).parents[1]
COMMAND = ("-c", "from cem_toolkit.cli import main; main()")


def new_plugin(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["new-plugin", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def python(*arguments: str, cwd: Path, paths: list[Path], **environment: str) -> str:
    """What Python says, which must end well."""
    search = os.pathsep.join([*map(str, paths), *(path for path in sys.path if path)])
    variables = {**os.environ, "PYTHONPATH": search, **environment}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *arguments], cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("role", ROLES)
def test_the_files_are_there_and_are_python(role: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_plugin(role, "my-notes", "--into", str(tmp_path)) == 0
    folder = tmp_path / "cem-my-notes"
    first, *next_steps = capsys.readouterr().out.splitlines()
    assert first == f"wrote {folder}; next:"
    assert [line.split()[:2] for line in next_steps] == [
        ["pip", "install"],
        ["pytest", str(folder)],
        ["cem-toolkit", "check"],
    ]
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    package = {
        f"src/cem_my_notes/{name}" for name in ("__init__.py", "plugin.py", f"{role}.py", "options.py", "py.typed")
    }
    around = {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml", "tests/test_my_notes.py"}
    assert written >= package | around
    assert "LICENSE" not in written, "that is for the author to choose"
    for path in folder.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
    assert [path.name for path in tmp_path.iterdir()] == ["cem-my-notes"], "nothing else is left"


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cem-notes").mkdir()
    (tmp_path / "cem-notes" / "mine.txt").write_text("mine")
    assert new_plugin("source", "notes", "--into", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is there already, and is left as it is" in said
    assert [path.name for path in tmp_path.rglob("*")] == ["cem-notes", "mine.txt"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Notes", "'Notes' is no name for a plugin"),
        ("../notes", "is no name for a plugin"),
        ("7notes", "is no name for a plugin"),
        ("notes-", "is no name for a plugin"),
        ("notes\n", "is no name for a plugin"),
        ("import", "'import' is a word of Python's own"),
        ("match", "'match' is a word of Python's own"),
        ("cem", "'cem' is taken by a plugin of cem-toolkit"),
        ("builtin", "'builtin' is taken by a plugin of cem-toolkit"),
        ("wiki", "'wiki' is taken"),
        ("local", "'local' is taken"),
    ],
)
def test_names_that_are_no_good(name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_plugin("source", name, "--into", str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_and_a_role_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert new_plugin("source", "notes", "--into", str(tmp_path / "file")) == 2
    assert "cannot be written: Not a directory" in capsys.readouterr().err
    assert new_plugin("sauce", "notes", "--into", str(tmp_path)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_a_source_from_nothing_to_a_run(
    tmp_path: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that an author does, outside of this repository: generate, install, check, test, lint, run."""
    place, target = tmp_path / "elsewhere", tmp_path / "site"
    assert new_plugin("source", "my-notes", "--into", str(place)) == 0
    folder = place / "cem-my-notes"
    pip = ("-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index")
    python(*pip, "--target", str(target), str(folder), cwd=place, paths=[])

    told = json.loads(python(*COMMAND, "plugins", "my-notes", "--json", cwd=place, paths=[target]))
    (component,) = told["components"]
    assert (component["role"], component["distribution"]) == ("source", "cem-my-notes 0.1.0")
    assert [option["name"] for option in component["options"]] == ["folder", "licence", "top_k"]

    texts = folder / "tests" / "texts"
    said = python(*COMMAND, "check", "my-notes", "--set", f"folder={texts}", cwd=place, paths=[target])
    assert said.endswith("17 passed, 0 failed, 0 skipped\n")

    assert "18 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, paths=[target])
    python("-m", "ruff", "check", "--no-cache", ".", cwd=folder, paths=[])
    python("-m", "ruff", "format", "--no-cache", "--check", ".", cwd=folder, paths=[])
    mypy = ("-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "mypy"))
    python(*mypy, cwd=folder, paths=[], MYPYPATH=str(SRC))

    (tmp_path / "lands").mkdir()
    for land, town in toy.CITIES.items():
        (tmp_path / "lands" / f"{land}.txt").write_text(f"{land} is a land. Its capital is {town}, by the sea.")
    monkeypatch.syspath_prepend(target)
    registry = discover()
    register(registry, "toy", toy.ToyPlugin())
    options = {"my-notes": {"folder": str(tmp_path / "lands"), "licence": "CC0"}}
    chosen = {"plugins": ["toy-eval", "my-notes", "toy-train"], "sources": options, "arms": ["random"]}
    run = evolve(registry=registry, progress=False, **{**values, **chosen})
    (turn,) = run.rounds
    assert {passage.source for passage in turn.passages} == {"my-notes"}
    before, after = (sum(each.correct for each in moment.attempts) for moment in (run.start, turn))
    assert after > before
    assert [arm.name for arm in turn.arms] == ["random"]


@pytest.mark.slow
def test_the_other_roles_pass_their_own_tests(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    roles = [role for role in ROLES if role != "source"]
    for role in roles:
        assert new_plugin(role, f"my-{role}", "--into", str(tmp_path)) == 0
    python("-m", "ruff", "check", "--no-cache", ".", cwd=tmp_path, paths=[])
    python("-m", "ruff", "format", "--no-cache", "--check", ".", cwd=tmp_path, paths=[])
    sources = [tmp_path / f"cem-my-{role}" / "src" for role in roles]
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(tmp_path / "none.ini"))
    (tmp_path / "none.ini").write_text("[pytest]\n")
    said = python(*tests, "--import-mode=importlib", ".", cwd=tmp_path, paths=sources)
    assert "failed" not in said
