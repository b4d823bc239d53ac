"""Reading a round's files as they are needed: whole records, or plain objects where there are very many."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from cem_toolkit.errors import CemError
from cem_toolkit.parsing import json_lines
from cem_toolkit.plain import brief
from cem_toolkit.records import Passage, Record, field_names
from cem_toolkit.run import Round
from cem_toolkit.store import read_records

R = TypeVar("R", bound=Record)


def records_of(turn: Round, cls: type[R], *names: str) -> Iterator[R]:
    """Records of the first of these files that a finished stage has left with anything in it."""
    path = _first(turn, names)
    return read_records(path, cls) if path else iter(())


def lines_of(turn: Round, cls: type[Record], *names: str) -> Iterator[dict[str, Any]]:
    """The same as plain JSON objects, in a third of the time. Raises the same CemError for a line that is no `cls`."""
    path = _first(turn, names)
    return _lines(path, cls) if path else iter(())


def found_names(turn: Round) -> list[str]:
    """The files in which knowledge sources left what they found, before the leak guard."""
    return [f"{stage.name}/passages.jsonl" for stage in turn.stages if stage.name.startswith("retrieve/")]


def found_passages(turn: Round) -> Iterator[Passage]:
    for name in found_names(turn):
        yield from records_of(turn, Passage, name)


def _first(turn: Round, names: tuple[str, ...]) -> Path | None:
    for name in names:
        path = turn.folder / name
        if turn.stage(name.rpartition("/")[0]) and path.is_file() and path.stat().st_size:
            return path
    return None


def _lines(path: Path, cls: type[Record]) -> Iterator[dict[str, Any]]:
    names, required = field_names(cls)
    for number, data in json_lines(path, f"{cls.__name__} record"):
        try:
            if not isinstance(data, dict) or not required <= data.keys() <= names or _odd_hits(data):
                cls.from_json(data)  # raises, saying what is wrong
        except (TypeError, CemError) as error:
            raise CemError(f"{path}:{number}: is no {cls.__name__} record: {brief(error)}") from None
        yield data


def _odd_hits(data: dict[str, Any]) -> bool:
    """Whether a passage's hits are not whole."""
    return not all("mistake_id" in hit and "score" in hit and "query" in hit for hit in data.get("hits", ()))
