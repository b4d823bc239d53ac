"""Addresses of folders that are on no disk of this machine."""

import hashlib
import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from cem_toolkit.errors import CemError

FORM = re.compile(r"[a-z][a-z0-9+.-]*://[^/].*|(file|memory|local):///.+")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)
"""Of a run."""
CACHE = Path("~/.cache/cem-toolkit")


def is_url(text: object) -> bool:
    """Whether `text` is an address rather than a path: whether it has `://` in it."""
    return isinstance(text, str) and "://" in text


def check_url(url: str) -> None:
    """Raises CemError where `url` is none that storage can be opened by, or holds a secret, which would end up in
    the run's folder."""
    if not FORM.fullmatch(url) or "::" in url:
        raise CemError(f"{hidden(url)}: is no address of a folder; give one such as s3://bucket/runs")
    if (parts := urlsplit(url)).query or parts.fragment or "@" in parts.netloc:
        raise CemError(
            f"{hidden(url)}: has more in it than the place; keys and options come from the environment, for what "
            "stands here is written into the run's folder"
        )


def hidden(url: str) -> str:
    """`url` as it may be shown: without user, password and query."""
    return re.sub(r"//[^/@]*@", "//…@", url).partition("?")[0]


def joined(url: str, *parts: str) -> str:
    return "/".join([url.rstrip("/"), *parts])


def copy_of(url: str, cache: Path) -> Path:
    """The local folder that is the copy of `url`."""
    url = url.rstrip("/")
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", url)[:60].strip("-.")
    return cache.expanduser().resolve() / "mirrors" / f"{plain}-{hashlib.sha256(url.encode()).hexdigest()[:10]}"


def confined(folder: Path, name: str) -> Path | None:
    """The file in `folder` that `name`, from a listing or a note of somebody else's, means; None where it would lie
    elsewhere, or is no plain name."""
    parts = PurePosixPath(name).parts
    odd = not parts or any(part == ".." or "\\" in part or not part.isprintable() for part in parts)
    if odd or name.startswith("/") or len(name) > 500:
        return None
    path = folder.joinpath(*parts)
    return path if path.resolve().is_relative_to(folder.resolve()) else None
