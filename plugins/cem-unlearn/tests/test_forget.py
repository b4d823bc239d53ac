"""What is to be unlearnt, and what is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, Context, Row, load_tokenizer
from cem_trl.encoding import IGNORED, Encoder
from cem_unlearn.forget import divide, read_items
from cem_unlearn.icu import Icu


def encoded(rows: list[Row], ctx: Context) -> list[Any]:
    encoder = Encoder(load_tokenizer(ctx.model.path), 64, chat=False)
    return [(row, encoder.encode(row)) for row in rows]


def test_a_file_lists_questions_and_texts(tmp_path: Path) -> None:
    file = tmp_path / "forget.jsonl"
    file.write_text('{"prompt": "Who?", "completion": " Ada"}\n\n{"text": "Ada lives."}\n')
    found = [(row.kind, row.prompt, row.completion) for row in read_items(file)]
    assert found == [("forget", "Who?", " Ada"), ("forget", "", "Ada lives.")]


@pytest.mark.parametrize("line", ["{", "[]", '{"prompt": "Who?"}', '{"text": 1}', '{"text": "a", "more": "b"}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "forget.jsonl"
    file.write_text('{"text": "Ada lives."}\n' + line)
    with pytest.raises(CemError, match=r"forget\.jsonl, line 2: is neither"):
        read_items(file)


def test_files_are_read_before_anything_is_written(context: Callable[..., Context], tmp_path: Path) -> None:
    with pytest.raises(CemError, match=r"trainer\.forget cannot be read"):
        Icu(Icu.Options(forget="none.jsonl")).check(context())
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CemError, match=r"trainer\.audit_unseen has no lines"):
        Icu(Icu.Options(audit_unseen="empty.jsonl")).check(context())
    (tmp_path / "tuned.jsonl").write_text('{"text": "Ada lives."}\n')
    with pytest.raises(CemError, match="audit_retrain needs audit_start"):
        Icu(Icu.Options(audit_retrain="tuned.jsonl")).check(context())
    with pytest.raises(CemError, match="audit_start holds no model"):
        Icu(Icu.Options(audit_start="nowhere")).check(context())
    with pytest.raises(CemError, match="leave it at 1 to unlearn"):
        Icu(Icu.Options(interpolation=0.5)).check(context())


def test_another_file_is_another_training(context: Callable[..., Context], tmp_path: Path) -> None:
    trainer, file = Icu(Icu.Options(forget="forget.jsonl")), tmp_path / "forget.jsonl"
    file.write_text('{"text": "Ada lives."}\n')
    first = trainer.fingerprint(context())
    file.write_text('{"text": "Hugo lives."}\n')
    assert trainer.fingerprint(context()) != first


def test_rows_are_divided_by_kind(context: Callable[..., Context], rows: list[Row]) -> None:
    ctx = context()
    ends = {load_tokenizer(ctx.model.path).eos_token_id}
    forget, retained = divide(encoded(rows, ctx), ends)
    assert [item.row for item in forget] == rows[:2]
    assert [item.row for item in retained] == rows[2:]
    assert forget[0].example.labels[-1] == IGNORED, "that it ends is not unlearnt"
    assert retained[0].example.labels[-1] in ends


def test_nothing_on_either_side_is_said(context: Callable[..., Context], rows: list[Row]) -> None:
    ctx = context()
    with pytest.raises(CemError, match=r"nothing to unlearn: .*choose the mixer unlearn"):
        divide(encoded(rows[2:], ctx), set())
    with pytest.raises(CemError, match="nothing to retain"):
        divide(encoded(rows[:2], ctx), set())
