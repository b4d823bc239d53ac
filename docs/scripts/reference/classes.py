"""Sections about what authors of plugins import: classes, functions and kinds, with all that their source says."""

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from cem_toolkit.roles import Component
from cem_toolkit.testing import ComponentTests
from reference import source
from reference.tables import options_table, table

SHOWN = ("__init__",)
"""Private names that are told of nevertheless, where they have a docstring."""


def sections(module: str, names: Sequence[str]) -> str:
    """A section for each of `names`, which `module` offers."""
    return "\n\n".join(section(module, name) for name in names)


def section(module: str, name: str) -> str:
    offered = getattr(importlib.import_module(module), name)
    if inspect.isclass(offered):
        parts = list(_class(offered))
    elif inspect.isfunction(offered):
        parts = [_code(_written(_function(offered))), inspect.getdoc(offered) or ""]
    else:
        parts = list(_value(module, name))
    return "\n\n".join([f"## {name}", *(part for part in parts if part)])


def gaps(module: str, names: Sequence[str]) -> Iterator[str]:
    """What of `names` has no docstring, a line each."""
    for name in names:
        offered = getattr(importlib.import_module(module), name)
        if not (inspect.isclass(offered) or inspect.isfunction(offered)):
            if not list(_value(module, name))[1]:
                yield f"{module}.{name} has no docstring"
            continue
        if not ast.get_docstring(source.find(offered)):
            yield f"{module}.{name} has no docstring"
        if inspect.isclass(offered):
            yield from (f"{module}.{name}.{member} has no docstring" for member in _undocumented(offered))


def _undocumented(cls: type) -> Iterator[str]:
    if issubclass(cls, ComponentTests):
        return  # what its checks do, their names say; what is for its authors to override has a docstring
    if not issubclass(cls, BaseModel):
        yield from (name for name, (_, _, said) in _fields(cls).items() if not said)
    yield from (each.name for each in _methods(source.find(cls)) if not _inherited_doc(cls, each.name))


def _class(cls: type) -> Iterator[str]:
    yield _bases(cls)
    yield _doc(cls)
    told = list(_fields(cls).items())
    if issubclass(cls, BaseModel):
        yield options_table(cls) if cls.model_fields else ""
    elif told:
        rows = [
            [f"`{name}`", f"`{kind}`" if kind else "", f"`{default}`" if default else "", said]
            for name, (kind, default, said) in told
        ]
        defaults = any(row[2] for row in rows)
        rows = rows if defaults else [[row[0], row[1], row[3]] for row in rows]
        yield table(("name", "type", *["default"] * defaults, "description"), rows)
    methods = _methods(source.find(cls))
    if issubclass(cls, ComponentTests):
        checks = [each.name.removeprefix("test_") for each in methods if each.name.startswith("test_")]
        yield "It checks:\n\n" + "\n".join(f"- {check.replace('_', ' ')}" for check in checks)
        methods = [each for each in methods if ast.get_docstring(each) and not each.name.startswith("test_")]
    for method in methods:
        yield f"### {cls.__name__}.{method.name}".replace(".__init__", "(…)")
        marks = source.decorators(method)
        if issubclass(cls, Component):
            yield "To be written by every plugin." if "abstractmethod" in marks else "Optional."
        if marks & {"property", "cached_property"}:
            yield f"`{cls.__name__}.{method.name}`: `{ast.unparse(method.returns)}`" if method.returns else ""
        else:
            yield _code(_written(method))
        yield _inherited_doc(cls, method.name)


def _fields(cls: type) -> dict[str, tuple[str, str, str]]:
    """Annotated attributes, those of bases in the same module first, and of components those with a docstring."""
    found: dict[str, tuple[str, str, str]] = {}
    for each in reversed(cls.__mro__):
        if each.__module__ == cls.__module__ and each in (cls, *cls.__bases__):
            if issubclass(cls, Component) and each is not cls:
                continue
            found |= {n: t for n, t in source.attributes(source.find(each).body).items() if t[0] or t[2]}
    if issubclass(cls, ComponentTests):
        found = {name: told for name, told in found.items() if told[2]}
    return {name: told for name, told in found.items() if name != "model_config"}


def _methods(node: ast.ClassDef | ast.FunctionDef) -> list[ast.FunctionDef]:
    return [
        each
        for each in node.body
        if isinstance(each, ast.FunctionDef)
        and (not each.name.startswith("_") or (each.name in SHOWN and ast.get_docstring(each)))
    ]


def _inherited_doc(cls: type, name: str) -> str:
    return inspect.getdoc(getattr(cls, name)) or ""


def _doc(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _bases(cls: type) -> str:
    known = [base.__name__ for base in cls.__bases__ if base.__module__.startswith("cem_toolkit")]
    return f"{'An' if known[0][0] in 'AEIOU' else 'A'} `{known[0]}`." if known else ""


def _written(function: ast.FunctionDef) -> str:
    """Its signature, after the decorators that say how it is called."""
    marks = {mark.rpartition(".")[2] for mark in source.decorators(function)}
    shown = [f"@{mark}\n" for mark in ("classmethod", "contextmanager") if mark in marks]
    return "".join([*shown, source.signature(function)])


def _function(offered: Any) -> ast.FunctionDef:
    node = source.find(offered)
    assert isinstance(node, ast.FunctionDef)  # noqa: S101 (inspect has said so)
    return node


def _value(module: str, name: str) -> Iterator[str]:
    homes: dict[str, Sequence[str]] = getattr(importlib.import_module(module), "_HOMES", {})
    home = next((f"cem_toolkit.{home}" for home, names in homes.items() if name in names), module)
    _, written, said = source.module_attribute(importlib.import_module(home), name)
    yield _code(f"{name} = {written}")
    yield said


def _code(text: str) -> str:
    return f"```py\n{text}\n```"
