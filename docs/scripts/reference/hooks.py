"""The page about hooks."""

import ast
import inspect
import re
from collections.abc import Iterator

from cem_toolkit import compat, hookspecs
from reference import source

SINCE = re.compile(r"\.\. versionadded:: (\S+)")


def page() -> str:
    told = [f"## {hook.name}\n\n```py\n{source.signature(hook)}\n```\n\n{_told(hook)}" for hook in hooks()]
    versions = (
        f"## Versions\n\n{inspect.cleandoc(compat.__doc__ or '')}\n\nThis is version {compat.dotted(compat.API)}."
    )
    return "\n\n".join([inspect.cleandoc(hookspecs.__doc__ or ""), *told, versions])


def gaps() -> Iterator[str]:
    """What is missing of the hooks' docstrings, a line each."""
    for hook in hooks():
        said = ast.get_docstring(hook) or ""
        if not SINCE.sub("", said).strip():
            yield f"the hook {hook.name} has no docstring"
        if not SINCE.search(said):
            yield f"the hook {hook.name} does not say since when it is: `.. versionadded:: X.Y` in its docstring"


def hooks() -> list[ast.FunctionDef]:
    body = source.tree(hookspecs.__name__).body
    return [each for each in body if isinstance(each, ast.FunctionDef) and "hookspec" in source.decorators(each)]


def _told(hook: ast.FunctionDef) -> str:
    return SINCE.sub(r"Since version \1.", ast.get_docstring(hook) or "")
