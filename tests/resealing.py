"""Runs that tests have changed, made whole again: what they changed is then what was written."""

import json
from pathlib import Path

from cem_toolkit.store import INFO, has_its_checksum, read_info, seal, text_hash, with_checksum, write_json


def reseal(run: Path) -> None:
    """Notes the run's files as they are now."""
    for note in list(run.rglob(INFO)):
        info = read_info(note.parent)
        assert info
        note.unlink()
        beside = note.parent.rename(note.parent.with_name("beside"))
        seal(beside, {name: value for name, value in info.items() if name != "checksum"}, note.parent)
    plan = json.loads((run / "plan.json").read_text("utf-8"))
    plan.pop("checksum", None)
    plan["config_sha256"] = text_hash((run / "config.yaml").read_text("utf-8"))
    write_json(run / "plan.json", with_checksum(plan))
    assert has_its_checksum(json.loads((run / "plan.json").read_text("utf-8")))
