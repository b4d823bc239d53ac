"""Text from outside as plain values. Whatever is wrong with it is a ValueError, in one line; nothing runs away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cem_toolkit.errors import CemError
from cem_toolkit.plain import brief

MOST_VALUES = 100_000
"""Of a YAML document, each counted as often as aliases repeat it: nine lines can stand for a billion."""
DEEPEST = 50
"""Levels of a YAML document."""


def parse_json(text: str | bytes) -> Any:
    """The JSON value that `text` is. Raises ValueError where it is none, or nested too deep to be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def json_lines(path: Path, what: str) -> Iterator[tuple[int, Any]]:
    """The values of a file with a JSON value a line, each with the number of its line. Raises CemError that names file
    and line where one is none; `what` is said of it, such as `Row record`."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield number, parse_json(line.decode("utf-8"))
            except ValueError as error:
                raise CemError(f"{path}:{number}: is no {what}: {brief(error)}") from None


def parse_yaml(text: str) -> Any:
    """The value of the YAML document `text`, as `yaml.safe_load` has it. Raises ValueError, whose text begins with the
    number of the line where that is known, where it is none, or stands for more than any configuration does."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _count(node, {}, 0) > MOST_VALUES:
            raise ValueError(f"holds more than {MOST_VALUES:,} values, its aliases written out")
        return loader.construct_document(node)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or error
        raise ValueError(f"{mark.line + 1}: {brief(said)}" if mark else brief(said)) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"a value does not fit its tag ({brief(error)})") from None


def _count(node: Any, known: dict[int, int], depth: int) -> int:
    """How many values `node` stands for. One that holds itself is too deep."""
    if depth > DEEPEST:
        raise RecursionError
    if id(node) not in known:
        children = node.value if isinstance(node, yaml.CollectionNode) else ()
        flat = [each for pair in children for each in (pair if isinstance(pair, tuple) else (pair,))]
        known[id(node)] = 1 + sum(_count(each, known, depth + 1) for each in flat)
    return known[id(node)]
