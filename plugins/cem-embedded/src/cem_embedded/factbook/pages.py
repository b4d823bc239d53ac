"""The World Factbook's own entries as pages that the plugin `wiki` can search: a source that tells what is asked."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cem_embedded.factbook.clean import plain
from cem_embedded.factbook.data import load_countries
from cem_embedded.factbook.files import write_whole

LONGEST = 300
"""Characters of a field; longer ones are prose about several things."""
LEFT_OUT = ("Introduction", "Transnational Issues", "Terrorism", "Military and Security")


def write_pages(path: Path) -> Path:
    """Write one page for each country, its short fields a sentence each: "Togo: Capital, name: Lomé."

    Raises:
        ValueError: a Factbook file cannot be read.
        OSError: the file cannot be written.
    """
    pages = {}
    for country in load_countries():
        told = (f"{country.name}: {name}: {text}." for name, text in _fields(country.record))
        pages[country.name] = {"title": country.name, "extract": "\n".join(told)}
    return write_whole(path, json.dumps(pages, ensure_ascii=False))


def _fields(record: Mapping[str, Any], names: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        if key == "text" and isinstance(value, str):
            text = re.sub(r"\s+", " ", plain(value)).strip(" .")
            if text and len(text) <= LONGEST:
                yield ", ".join(names[1:] or names), text
        elif isinstance(value, Mapping) and key not in LEFT_OUT:
            yield from _fields(value, (*names, key))
