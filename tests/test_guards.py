from pathlib import Path
from typing import Any

import pytest

from cem_toolkit import guards
from cem_toolkit.config import LeaksConfig
from cem_toolkit.guards import Guards


def test_an_encoder_is_loaded_once_for_all_guards_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Any] = []
    monkeypatch.setattr(guards, "SentenceEncoder", lambda *model: loaded.append(model) or "encoder")
    (tmp_path / "encoder").mkdir()
    made = Guards(LeaksConfig(encoder="encoder", encoder_threshold=0.6), tmp_path)
    assert made.key["encoder_threshold"] == 0.6
    assert loaded == []
    made.make([])
    made.make([])
    assert loaded == [(str(tmp_path / "encoder"), 0.6)]


def test_a_local_encoder_goes_by_its_files_and_one_on_the_hub_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    marks = [Guards(LeaksConfig(encoder="encoder"), tmp_path).key["encoder"]]
    (folder / "config.json").write_text('{"more": 1}')
    marks.append(Guards(LeaksConfig(encoder="encoder"), tmp_path).key["encoder"])
    assert marks[0] != marks[1]
    assert Guards(LeaksConfig(encoder="someone/encoder"), tmp_path).key["encoder"] == "someone/encoder"
    assert Guards(LeaksConfig(), tmp_path).key["encoder"] == ""
