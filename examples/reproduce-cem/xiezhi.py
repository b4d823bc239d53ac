"""Reads questions of the Xiezhi benchmark, and writes them as a task."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from cem_toolkit.api import CemError, content_id, question_id

LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Questions:
    """Plain rows (`question`, `choices`, `answer` as an index), and how many lines were left out as unusable."""

    rows: Sequence[Mapping[str, Any]]
    left_out: int = 0

    def drawn(self, limit: int | None) -> "Questions":
        """`limit` of them, spread over the whole file, which goes by subject; the same whatever the run's seed."""
        if limit is None or limit >= len(self.rows):
            return self
        places = sorted(Random(0).sample(range(len(self.rows)), limit))  # noqa: S311 (not for secrets)
        return Questions([self.rows[place] for place in places], self.left_out)


def read_xiezhi(path: Path, skip_bad: bool = False) -> Questions:
    """The distinct questions of a file, one JSON object a line, in either form:

    - as published: `question`, `options` (a text, one option a line), `answer` (the option's text), `labels`;
    - plain: `question`, `choices` (a list), `answer` (an index from 0, or a choice's text).

    The published form is that of the files `xiezhi.v1.json` and `xiezhi.v1.1.json` as their repository holds them; not
    every line of every file was looked at. Raises CemError for the first unusable line, or with `skip_bad` leaves such
    lines out.
    """
    rows: dict[str, dict[str, Any]] = {}
    left_out = 0
    for number, line in _lines(path):
        try:
            row = _parse(line)
            known = rows.setdefault(question_id(row["question"], row["choices"]), row)
            if known["choices"][known["answer"]] != row["choices"][row["answer"]]:
                raise ValueError("an earlier line has the same question with another answer")
        except ValueError as error:
            if not skip_bad:
                raise CemError(
                    f"{path}, line {number}: {error}; mend the line, or leave out all such lines by --skip-bad"
                ) from None
            left_out += 1
    if not rows:
        raise CemError(f"{path}: holds no usable question; give a file of the Xiezhi benchmark")
    return Questions(list(rows.values()), left_out)


def write_task(questions: Questions, folder: Path, letters: bool = False) -> Path:
    """Writes a question file into `folder` and returns it, or the task that shows the choices and asks for a letter.

    It is named by what it holds, so that the same questions find their finished stages again.
    """
    lines = [json.dumps(row, ensure_ascii=False) for row in questions.rows]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"xiezhi-{content_id(*lines)[:8]}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return _letter_task(questions, path) if letters else path


def _letter_task(questions: Questions, path: Path) -> Path:
    counts = {len(row["choices"]) for row in questions.rows}
    if len(counts) > 1 or max(counts) > len(LETTERS):
        raise CemError(f"{path}: --letters needs questions of equally many choices, at most {len(LETTERS)}")
    letters = LETTERS[: counts.pop()]
    task = {
        "task": f"{path.stem}-letters",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path.resolve())}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}\n"
        + "".join(f"{letter}. {{{{choices[{place}]}}}}\n" for place, letter in enumerate(letters))
        + "Answer:",
        "doc_to_choice": list(letters),
        "doc_to_target": "answer",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
    written = path.with_suffix(".yaml")
    written.write_text(yaml.safe_dump(task, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return written


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CemError(f"{path}: cannot be read: {error}") from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _parse(line: str) -> dict[str, Any]:
    """One line's plain row. Raises ValueError that says what is wrong."""
    try:
        row = json.loads(line)
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError("has no question")
    choices = _choices(row)
    return {"question": question.strip(), "choices": choices, "answer": _answer(row.get("answer"), choices)}


def _choices(row: Mapping[str, Any]) -> list[str]:
    given = row.get("choices", row.get("options"))
    if isinstance(given, str):
        text = given.strip()
        if text.count('"') % 2 and text.endswith('"'):  # one of the published files ends its options with a stray quote
            text = text[:-1]
        given = text.split("\n")
    if not isinstance(given, list) or not all(isinstance(choice, str) for choice in given):
        raise ValueError("has neither `options` (a text, one option a line) nor `choices` (a list of texts)")
    choices = [stripped for choice in given if (stripped := choice.strip())]
    if len(choices) < 2:
        raise ValueError("has fewer than two choices")
    if len(set(choices)) < len(choices):
        raise ValueError("has a choice twice")
    return choices


def _answer(answer: Any, choices: Sequence[str]) -> int:
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        return answer
    if isinstance(answer, str) and answer.strip() in choices:
        return choices.index(answer.strip())
    raise ValueError(f"has the answer {answer!r}, which is none of its choices")
