"""General instructions: rows that hold a model's general abilities, not a benchmark's facts."""

from importlib.resources import files
from pathlib import Path

from cem_toolkit.api import CemError, Row
from cem_toolkit.parsing import parse_json


def read_general(path: Path | None) -> list[Row]:
    """General rows of the JSONL file `path`, or without one of the small set that comes with the package.

    Every line is an object with the strings `prompt` and `completion`; others are ignored. Raises CemError with the
    line's number for one that is not.
    """
    if path is None:
        text = (files("cem_toolkit.builtin") / "general.jsonl").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CemError(f"general_file cannot be read: {path}: {error}") from error
    rows = [_row(line, path, number) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not rows:
        raise CemError(f"general_file has no rows: {path}")
    return list({row.id: row for row in rows}.values())


def _row(line: str, path: Path | None, number: int) -> Row:
    try:
        data = parse_json(line)
        prompt, completion = data["prompt"], data["completion"]
    except (ValueError, KeyError, TypeError):
        prompt = completion = None
    if not isinstance(prompt, str) or not isinstance(completion, str) or not completion:
        raise CemError(f"{path}, line {number}: not a JSON object with the strings 'prompt' and 'completion'")
    return Row.make(kind="general", prompt=prompt, completion=completion, parents=())
