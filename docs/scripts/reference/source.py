"""What the source says of classes and functions, of which Python itself keeps only a part: the strings under
attributes, and signatures as they are written."""

import ast
import importlib
import inspect
from functools import cache
from types import ModuleType
from typing import Any

WIDTH = 88
"""Signatures that are longer get a line for each parameter."""


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(importlib.import_module(module)))


def find(thing: Any) -> ast.ClassDef | ast.FunctionDef:
    """The definition of a class or a function. Raises LookupError where it is not at its module's top."""
    for node in tree(thing.__module__).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == thing.__name__:
            return node
    raise LookupError(f"{thing.__module__}.{thing.__qualname__} is not at its module's top")


def attributes(body: list[ast.stmt]) -> dict[str, tuple[str, str, str]]:
    """Public attributes by name: annotation, default and docstring as they are written, each "" where there is none."""
    found: dict[str, tuple[str, str, str]] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        said = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        said = inspect.cleandoc(said) if isinstance(said, str) else ""
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = ast.unparse(node.value) if node.value and _is_plain(node.value) else ""
            found[node.target.id] = (_written(node.annotation), default, said)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ("", ast.unparse(node.value), said)
    return {name: told for name, told in found.items() if not name.startswith("_")}


def module_attribute(module: ModuleType, name: str) -> tuple[str, str, str]:
    """The same of one name at a module's top. Raises KeyError."""
    return attributes(tree(module.__name__).body)[name]


def signature(function: ast.FunctionDef) -> str:
    """`def name(parameters) -> result`, as it is written, without `self`."""
    given = function.args
    plain = [ast.arg(each.arg, _unquoted(each.annotation)) for each in (*given.posonlyargs, *given.args)]
    if plain and plain[0].arg in ("self", "cls"):
        plain = plain[1:]
    named = [ast.arg(each.arg, _unquoted(each.annotation)) for each in given.kwonlyargs]
    parts = [
        f"{ast.unparse(each)}{_default(default)}"
        for each, default in zip(plain, [*[None] * (len(plain) - len(given.defaults)), *given.defaults], strict=True)
    ]
    if given.vararg or named:
        parts.append(f"*{ast.unparse(given.vararg) if given.vararg else ''}")
    parts += [f"{ast.unparse(each)}{_default(it)}" for each, it in zip(named, given.kw_defaults, strict=True)]
    if given.kwarg:
        parts.append(f"**{ast.unparse(given.kwarg)}")
    result = f" -> {_written(function.returns)}" if function.returns else ""
    line = f"def {function.name}({', '.join(parts)}){result}"
    if len(line) <= WIDTH:
        return line
    return f"def {function.name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"


def decorators(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(each) for each in function.decorator_list}


def _default(value: ast.expr | None) -> str:
    return f" = {ast.unparse(value)}" if value else ""


def _is_plain(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def _unquoted(annotation: ast.expr | None) -> ast.expr | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


def _written(annotation: ast.expr) -> str:
    written = ast.unparse(_unquoted(annotation) or annotation)
    return written.removeprefix("ClassVar[").removesuffix("]") if written.startswith("ClassVar[") else written
