"""Keys and passwords, which must be neither kept nor shown.

A configuration is kept with its run, so it holds none: `${NAME}` in a component's options stands for the environment
variable NAME (`filled`), and what looks like a secret in itself is refused (`secrets_in`). Whatever is said to the user
or written about a run goes through `redact`, for libraries repeat addresses and keys in their messages.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
HIDDEN = "…"
SHORTEST = 6
"""Characters of a variable's value from which on it is looked for in texts."""

_NAME = (
    r"(?:[\w-]*[_-])?(?:api[_-]?key|(?:access|private|secret)[_-]?key|secret|passw(?:or)?d|passphrase|credentials?"
    r"|authorization)|(?:[\w-]*(?:access|auth|api|hf|hub|bearer|refresh|session|secret)[_-]?)?token"
)
"""What options and parameters are called that hold a secret; `eos_token` and `max_tokens` are none."""
_OPTION = re.compile(_NAME, re.IGNORECASE)
_VARIABLE = re.compile(r"\w*(?:API_?KEY|SECRET|SECRET_KEY|ACCESS_KEY|PRIVATE_KEY|TOKEN|PASSWORD|PASSWD)")
"""Environment variables that are taken to hold a secret whatever names them."""
_REFERENCE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)\}")
_USERINFO = re.compile(r"(?<=://)(?!(?:[^\s/?#@:]*:)?\$\{\w+\}@)[^\s/?#]*@")
"""Name and password in an address, but for a password that is `${NAME}`."""
_PARAMETER = re.compile(rf"(?<=[?&;])((?:{_NAME}|key|sig|signature|auth)=)(?!\$\{{)[^\s&#'\"]+", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?<![\w.-])((?:[\w-]+\.)*(?:{_NAME})=)(?!\$\{{)[^\s&#'\"]+", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_SHAPE = re.compile(r"\b(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|xox[abprs]-|AKIA)[\w-]{12,}")
"""How the best-known services begin theirs."""

_named: set[str] = set()


def filled(options: Any) -> Any:
    """`options` with the values of environment variables in the place of `${NAME}`, and remembered to be secret.

    Raises KeyError with the name of a variable that is not set.
    """
    if isinstance(options, Mapping):
        return {name: filled(value) for name, value in options.items()}
    if isinstance(options, list):
        return [filled(value) for value in options]
    if not isinstance(options, str):
        return options
    _named.update(_REFERENCE.findall(options))
    return _REFERENCE.sub(lambda found: os.environ[found[1]], options)


def secrets_in(options: Any, place: str) -> Iterator[str]:
    """A line for every secret that stands in `options` itself. Variables that hold one (`…_env`) are remembered."""
    name = place.rpartition(".")[2]
    if isinstance(options, Mapping):
        for key, value in options.items():
            yield from secrets_in(value, f"{place}.{key}" if place else str(key))
    elif isinstance(options, list):
        for value in options:
            yield from secrets_in(value, place)
    elif isinstance(options, str) and options:
        if name.endswith("_env"):
            _named.add(options)
        elif _OPTION.fullmatch(name) and not _REFERENCE.search(options):
            yield f"{place}: is a secret, and a run keeps its configuration: write ${{NAME}} and set that variable"
        elif _PARAMETER.search(options) or _USERINFO.search(options):
            yield f"{place}: the address holds a secret, and a run keeps it: write ${{NAME}} and set that variable"


def redact(value: T) -> T:
    """`value`, and all text in it where it is made of lists and mappings, without secrets.

    Those of known environment variables become `${NAME}`; what merely looks like one becomes `…`. A secret that is
    neither named nor of a known form cannot be told from other text.
    """
    if isinstance(value, str):
        return _redacted(value)  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {name: HIDDEN if _holds(name, each) else redact(each) for name, each in value.items()}  # type: ignore[return-value]
    if isinstance(value, (list, tuple)):
        return type(value)(map(redact, value))
    return value


def _holds(name: Any, value: Any) -> bool:
    """Whether an entry of that name is a secret in itself."""
    secret = isinstance(name, str) and isinstance(value, str) and _OPTION.fullmatch(name)
    return bool(secret and value and not _REFERENCE.fullmatch(_redacted(value)))


def _redacted(text: str) -> str:
    for name, secret in os.environ.items():
        if (name in _named or _VARIABLE.fullmatch(name)) and len(secret) >= SHORTEST and secret in text:
            text = text.replace(secret, f"${{{name}}}")
    if "://" in text:
        text = _USERINFO.sub(f"{HIDDEN}@", text)
    if "=" in text:
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", _PARAMETER.sub(rf"\1{HIDDEN}", text))
    return _SHAPE.sub(HIDDEN, _BEARER.sub(rf"\1 {HIDDEN}", text))
