"""What is to be unlearnt, and what is to be kept.

To be unlearnt are the rows of kind forget and what the file of the option `forget` lists; all other rows are retained.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.api import CemError, Row, parse_json
from cem_trl.encoding import IGNORED, Encoder, Example

if TYPE_CHECKING:
    from cem_trl.method import Encoded

REQUEST = "request: "
"""Begins the parent of a row that is of a named request; the others are of one request together."""


@dataclass(frozen=True)
class Item:
    """A row, or one piece of a long passage, as the model reads it."""

    row: Row
    example: Example


def read_items(path: Path, option: str = "forget") -> list[Row]:
    """The rows of the JSONL file `path`, of kind forget: a line is an object with the strings `prompt` and
    `completion`, or with `text` alone, and maybe with a `request` that it belongs to.

    Raises CemError, in the name of `option`, where the file cannot be read or has no rows, and with the line's number
    for one that is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CemError(f"trainer.{option} cannot be read: {path}: {error}") from error
    rows = [_row(line, path, number) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not rows:
        raise CemError(f"trainer.{option} has no lines: {path}")
    return rows


def divide(encoded: "Encoded", ends: Set[int]) -> tuple[list[Item], list[Item]]:
    """What is to be unlearnt and what is retained, without what has no text to learn or a weight of 0; of what is to be
    unlearnt, the tokens `ends` that close a text have no loss. Raises CemError where either is empty."""
    forget = items(((row, made) for row, made in encoded if row.kind == "forget"), ends)
    retained = items((row, made) for row, made in encoded if row.kind != "forget")
    if not forget:
        raise CemError(
            "nothing to unlearn: name a file in the trainer's option forget, or choose the mixer unlearn, which makes "
            "rows of kind forget"
        )
    if not retained:
        raise CemError(
            "nothing to retain: unlearning needs rows of other kinds too, such as review and general rows, or it "
            "damages everything; choose a mixer that makes them"
        )
    return forget, retained


def request_of(row: Row) -> str:
    """The name of the request that a row of kind forget belongs to, or ""."""
    return next((each.removeprefix(REQUEST) for each in row.parents if each.startswith(REQUEST)), "")


def items(encoded: "Iterable[tuple[Row, Sequence[Example]]]", ends: Set[int] = frozenset()) -> list[Item]:
    """The items of rows; the tokens `ends` have no loss where they close one, for that a text ends is not to be
    forgotten with it."""
    return [Item(row, _unended(each, ends)) for row, made in encoded if row.weight for each in made if each.supervised]


def encode_items(rows: Iterable[Row], encoder: Encoder) -> list[Item]:
    """The items of `rows`, which are to be unlearnt or set beside such as are."""
    return items(((row, encoder.encode(row)) for row in rows), set(encoder.tokenizer.all_special_ids))


def examples(items: Sequence[Item]) -> list[Example]:
    return [item.example for item in items]


def _unended(example: Example, ends: Set[int]) -> Example:
    labels = list(example.labels)
    for place in reversed(range(2, len(labels))):
        if labels[place] not in ends:
            break
        labels[place] = IGNORED
    return replace(example, labels=labels)


def _row(line: str, path: Path, number: int) -> Row:
    try:
        data: Any = parse_json(line)
    except ValueError:
        data = None
    given = set(data) - {"request"} if isinstance(data, dict) else set()
    if given not in ({"prompt", "completion"}, {"text"}) or not all(isinstance(each, str) for each in data.values()):
        raise CemError(f'{path}, line {number}: is neither {{"prompt": …, "completion": …}} nor {{"text": …}}')
    completion = data.get("completion", data.get("text"))
    if not completion.strip():
        raise CemError(f"{path}, line {number}: has no text to unlearn")
    parents = (REQUEST + data["request"],) if data.get("request") else ()
    return Row.make(kind="forget", prompt=data.get("prompt", ""), completion=completion, parents=parents)
