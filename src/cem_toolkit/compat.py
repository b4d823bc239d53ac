"""Plugins made for another version of the plugin API: which still run, and what they are told.

The API is the hooks, the roles, the records and `cem_toolkit.api`. Its version has two numbers. The second rises when
something is added: a plugin made for an older one runs unchanged. The first would rise when something is taken away,
at least two releases after a `CemDeprecationWarning` has said so. A plugin's module may say what it was made for, by
`cem_api = "1.1"`; one that says nothing counts as made for 1.0.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cem_toolkit.errors import CemError

API = (1, 2)
"""1.0: the first. 1.1: `Source.documents`, `cem_toolkit.searching`, `find_component`, `file_hash`, `replacing`,
`Passage.weight`, and the suites in `cem_toolkit.testing`. 1.2: `cem_toolkit.launching`, `Context.indexes`,
`fetch_folder`, `send_folder`, `parse_json`, `ask_probes`, `read_neutral` and `score_neutral`."""
DECLARED = "cem_api"
_VERSION = re.compile(r"(\d+)\.(\d+)")


class CemDeprecationWarning(FutureWarning):
    """Something that a plugin uses will go. Says what to use instead, and shows in `cem-toolkit plugins`."""


def check_api(module: object) -> None:
    """Raises CemError where a plugin's module was made for an API that this version does not offer."""
    declared = getattr(module, DECLARED, "1.0")
    found = _VERSION.fullmatch(declared) if isinstance(declared, str) else None
    if not found:
        raise CemError(f'{DECLARED} is {declared!r}; it should be a version of the plugin API, such as "{dotted(API)}"')
    major, minor = int(found[1]), int(found[2])
    if (major, minor) > API:
        raise CemError(f"was made for plugin API {declared}, and this one is {dotted(API)}: pip install -U cem-toolkit")
    if major < API[0]:
        raise CemError(f"was made for plugin API {declared}, which is no longer offered ({dotted(API)}): update it")


def dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


@contextmanager
def noting_deprecations() -> Iterator[list[str]]:
    """Gathers what is deprecated and used within, in place of warning of it; other warnings are shown as ever."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CemDeprecationWarning)
        try:
            yield messages
        finally:
            told = list(caught)
    for warning in told:
        if issubclass(warning.category, CemDeprecationWarning):
            messages.append(str(warning.message))
        else:
            warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)
    messages[:] = dict.fromkeys(messages)
