"""YAML of unknown origin: plain values only, and never larger in memory than it looks."""

from typing import Any

import yaml

MOST = 100_000
"""Values that a document may stand for, with every alias counted as what it repeats."""


def load_yaml(text: str) -> Any:
    """The one document in `text`. Raises yaml.YAMLError, also where aliases would make it grow, or it is too deep."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MOST:
            raise yaml.YAMLError(f"stands for more than {MOST:,} values")
        return loader.construct_document(node)
    except RecursionError:
        raise yaml.YAMLError("is nested too deeply") from None
    except ValueError as error:  # dates that do not exist, numbers of thousands of digits
        raise yaml.YAMLError(f"holds a value that cannot be read: {error}") from None
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """How many values `node` stands for."""
    key = id(node)
    if key in known:
        size = known[key]
        if size is None:
            raise yaml.YAMLError("holds itself, by an alias")
        return size
    known[key] = None
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inner = [each for pair in node.value for each in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    size = known[key] = 1 + sum(_size(each, known) for each in inner)
    return size
