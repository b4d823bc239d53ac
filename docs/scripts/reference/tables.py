"""Markdown tables, and the ones of options: what each is, of which type and within which limits."""

import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cem_toolkit.template import yaml_value

NAMES = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    Path: "path",
    type(None): "none",
    Any: "any",
}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; bars and line ends in cells do no harm."""
    lines = [head, ["---"] * len(head), *([" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def options_table(model: type[BaseModel], *, nested: bool = True) -> str:
    """Every option with type, limits, default and description: a component's own before those that it inherits, and,
    where `nested`, a section's under the section's name."""
    rows = list(_rows(model, "", nested))
    return table(("option", "type", "default", "description"), rows) if rows else "It has no options."


def _rows(model: type[BaseModel], within: str, nested: bool) -> Iterator[list[str]]:
    for name in sorted(model.model_fields, key=lambda name: name not in model.__annotations__):
        field = model.model_fields[name]
        yield [f"`{within}{name}`", kind(field), default(field), field.description or ""]
        for section in _sections(field.annotation) if nested else ():
            yield from _rows(section, f"{within}{name}.", nested)


def _sections(annotation: Any) -> list[type[BaseModel]]:
    return [
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    ]


def kind(field: FieldInfo) -> str:
    """The type of an option in words, with its limits."""
    return _named(field.annotation) + _limits(field.metadata)


def default(field: FieldInfo) -> str:
    """An option's default as YAML has it."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "its own"
    return "none" if value is None or value == "" else f"`{yaml_value(value)}`"


def _named(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *metadata = arguments
        bounds = [entry for each in metadata for entry in (each.metadata if isinstance(each, FieldInfo) else [each])]
        return _named(inner) + _limits(bounds)
    if origin is Literal:
        return ", ".join("empty" if each == "" else f"`{yaml_value(each)}`" for each in arguments)
    if origin in (Union, types.UnionType):
        some = sorted(arguments, key=lambda each: each is not type(None))  # none first: limits are of what follows it
        return " or ".join(_named(each) for each in some)
    return _collection(annotation) if origin else NAMES.get(annotation, "section")


def _collection(annotation: Any) -> str:
    if annotation == dict[str, Any]:
        return "options"
    of = [_named(each) for each in get_args(annotation) if each is not ...]
    return f"mapping of {of[0]} to {of[1]}" if get_origin(annotation) is dict else f"list of {of[0]}"


def _limits(metadata: Sequence[Any]) -> str:
    return "".join(f", {limit}" for each in metadata for limit in _limit(each))


def _limit(bound: Any) -> Iterator[str]:
    for name, sign in SIGNS.items():
        if getattr(bound, name, None) is not None:
            yield f"{sign} {getattr(bound, name):,}"
    if getattr(bound, "min_length", None) == 1:
        yield "not empty"
