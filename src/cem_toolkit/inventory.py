"""What is installed, JSON-safe: plugins, their components, and what can be set about each."""

import dataclasses
import inspect
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from cem_toolkit.plugins import Plugins, Registered


def inventory(plugins: Plugins, entries: Iterable[Registered] | None = None) -> dict[str, Any]:
    """Everything, or of the components only `entries`."""
    return {
        "plugins": [
            {"plugin": name, "distribution": distribution} for name, distribution in plugins.distributions.items()
        ],
        "components": [describe(entry) for entry in (plugins.registered if entries is None else entries)],
        "broken": [
            {"plugin": broken.name, "distribution": broken.distribution, "reason": broken.reason}
            for broken in plugins.broken
        ],
        "deprecated": [dataclasses.asdict(each) for each in plugins.deprecated],
    }


def describe(entry: Registered) -> dict[str, Any]:
    """A component with its options."""
    return {
        "role": entry.role,
        "name": entry.cls.name,
        "version": entry.cls.version,
        "plugin": entry.plugin,
        "distribution": entry.distribution,
        "summary": summary(entry.cls),
        "options": describe_options(entry.cls.Options),
    }


def summary(cls: type) -> str:
    """The first paragraph of the class's own docstring, in one line, or ""."""
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    return " ".join(text.partition("\n\n")[0].split())


def describe_options(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Name, type, whether it must be given, default and description of every option."""
    described = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        described.append(
            {
                "name": name,
                "type": type_name(field.annotation),
                "required": field.is_required(),
                "default": None if default is PydanticUndefined else to_jsonable_python(default, fallback=str),
                "description": field.description or "",
            }
        )
    return described


def type_name(annotation: Any) -> str:
    """A type as one would write it: `int | None`, `'full' | 'lora'`, `list[str]`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return "None"
    if origin is Annotated:
        return type_name(inner[0])
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(map(type_name, inner)))
    if origin is Literal:
        return " | ".join(map(repr, inner))
    if origin and inner:
        return f"{origin.__name__}[{', '.join('…' if each is ... else type_name(each) for each in inner)}]"
    return str(getattr(annotation, "__name__", annotation))
