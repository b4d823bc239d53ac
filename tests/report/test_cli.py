"""`cem-toolkit report`."""

import subprocess
import sys
from pathlib import Path

import pytest

from cem_toolkit.cli import main
from conftest import Evolve


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["report", *arguments])
    return int(str(end.value.code))


def test_it_prints_where_the_report_is(evolve: Evolve, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = evolve()
    capsys.readouterr()
    assert call("latest", "--out", str(run.folder.parent), "--to", str(tmp_path / "there")) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'there' / 'report.html'}\n"


def test_a_broken_record_is_one_line_and_exit_code_2(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    run = evolve()
    capsys.readouterr()
    rows = run.folder / "round-1" / "mix" / "rows.jsonl"
    text = rows.read_text(encoding="utf-8")
    rows.unlink()
    rows.write_text(text + "{broken\n", encoding="utf-8")
    assert call(str(run.folder)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "rows.jsonl" in line


def test_help_is_light() -> None:
    code = (
        "import sys; from cem_toolkit.cli import main\n"
        "try: main(['report', '--help'])\nexcept SystemExit: pass\n"
        "assert not {'jinja2', 'numpy', 'scipy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603
