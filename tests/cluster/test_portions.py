"""Many passages in portions: how they are parted, and by whom."""

from pathlib import Path

import pytest

from cem_toolkit.builtin.rules import Rules, RulesOptions
from cem_toolkit.cluster import portions
from cem_toolkit.records import Passage
from cem_toolkit.store import write_records


def test_parts_are_read_in_order_and_leave_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [Passage.make(text=str(n), title="é", source="s", licence="CC0", hits=()) for n in range(7)]
    write_records(tmp_path / portions.PASSAGES, passages)
    monkeypatch.setattr(portions, "PORTION", 3)
    assert [each for start in (0, 3, 6) for each in portions._portion(str(tmp_path), start)] == passages


def test_only_a_rewriter_that_looks_at_each_passage_alone_is_handed_parts() -> None:
    assert Rules().alone()
    assert not Rules(RulesOptions(links=1)).alone()


def test_what_goes_wrong_in_a_portion_is_one_line(tmp_path: Path) -> None:
    said = portions.screen(str(tmp_path / "gone"), str(tmp_path), 0, "attempts.jsonl", None)
    assert "does not see" in said
    assert "\n" not in said
