"""The tutorial works as it is written: its commands are run in order, its files written, its changes made."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cem_toolkit.cli import cli
from cem_toolkit.testing import make_tiny_model

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Reader:
    """Does in `folder` what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""
        self.paths = [folder / "installed", folder / "cem-handbook" / "src"]
        paths = [*self.paths, *filter(None, sys.path)]
        bins = [str(Path(sys.executable).parent), os.environ["PATH"]]
        kept = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "HF_HUB_OFFLINE": "1", "COLUMNS": "120"}
        paths_and_bins = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PATH": os.pathsep.join(bins)}
        self.environment = {**os.environ, **kept, **paths_and_bins}

    def follow(self, language: str, how: str, text: str) -> None:
        place = how.partition("=")[2]
        if how.startswith("file="):
            # A tiny model in the place of the embedded one, which takes minutes.
            (self.folder / place).write_text(text.replace("preset: embedded", "model: tiny"), encoding="utf-8")
        elif how.startswith("in="):
            self.run(["git", "apply", "--recount", "-"], self.folder / place, text)
        elif how == "install":
            self.install()
        elif language == "sh" and text.startswith("cem-toolkit evolve"):
            self.said = self.evolve(shlex.split(text)[1:])
        elif language == "sh":
            self.said = self.run(["bash", "-euo", "pipefail", "-c", text], self.folder)
        elif language == "text":
            self.compare(text)

    def install(self) -> None:
        """What `pip install --editable` leaves that matters: metadata beside a path to the sources."""
        info = self.folder / "installed" / "cem_handbook-0.1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cem-handbook\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text("[cem_toolkit]\nhandbook = cem_handbook.plugin\n")

    def run(self, command: list[str], folder: Path, given: str = "") -> str:
        done = subprocess.run(  # noqa: S603 (the page's own commands)
            command, cwd=folder, env=self.environment, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{given or command[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def evolve(self, arguments: list[str]) -> str:
        """Within this process, where the tests have the libraries loaded."""
        with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(io.StringIO()) as out:
            patched.chdir(self.folder)
            for path in self.paths:
                patched.syspath_prepend(str(path))
            for name in ("HOME", "COLUMNS"):
                patched.setenv(name, self.environment[name])
            cli.main(arguments, "cem-toolkit", standalone_mode=False)
        return out.getvalue()

    def compare(self, shown: str) -> None:
        """Every line that the page shows was said, in that order; `…` stands for anything."""
        said = iter(self.said.splitlines())
        for line in shown.splitlines():
            wanted = ".*".join(map(re.escape, line.rstrip().split("…")))
            assert line.strip() in ("", "…") or any(re.fullmatch(wanted, each.rstrip()) for each in said), (
                f"the page shows {line!r}, which was not said:\n{self.said}"
            )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    make_tiny_model(tmp_path / "tiny", ["Which town does the plan Aurora deliver from?"])
    return Reader(tmp_path)


@pytest.mark.slow
def test_the_tutorial_can_be_followed(reader: Reader) -> None:
    for language, how, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        reader.follow(language, how.strip(), text)
