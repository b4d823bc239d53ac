"""The urban areas that the Factbook lists for a country."""

import re
from collections.abc import Iterator

from cem_embedded.factbook.clean import bare, outer_split
from cem_embedded.factbook.data import Country

_ENTRY = re.compile(r"^([\d.,]+)( million)? (\D+)$")
_SEAT = re.compile(r"\(.*(?:capital|seat of government).*\)")
_USUAL = {
    "Blantyre-Limbe": "Blantyre",
    "Bur Sa'id": "Port Said",
    "Dallas-Fort Worth": "Dallas",
    "Dar Es Salaam": "Dar es Salaam",
    "Dnipropetrovsk": "Dnipro",
    "Fes": "Fez",
    "Hamah": "Hama",
    "Hargeysa": "Hargeisa",
    "Hims": "Homs",
    "Kitakyushu-Fukuoka": "Fukuoka",
    "Los Angeles-Long Beach-Santa Ana": "Los Angeles",
    "Marseille-Aix-en-Provence": "Marseille",
    "Misratah": "Misrata",
    "Mombassa": "Mombasa",
    "New York-Newark": "New York City",
    "Nizhniy Novgorod": "Nizhny Novgorod",
    "Nur-Sultan": "Astana",
    "Shimkent": "Shymkent",
    "Shizuoka-Hamamatsu": "Shizuoka",
    "Southampton/Portsmouth": "Southampton",
    "Washington": "Washington, D.C.",
    "West Yorkshire": "Leeds",
}


def urban_areas(country: Country) -> dict[str, float]:
    """People and Society: Major urban areas - population ("3.001 million LISBON (capital), ..."): city -> people."""
    return {name: people for name, people, _ in _read(country)}


def other_cities(country: Country) -> list[str]:
    """The listed cities that are no seat of government."""
    return [name for name, _, is_seat in _read(country) if not is_seat]


def _read(country: Country) -> Iterator[tuple[str, float, bool]]:
    for part in outer_split(country.text("People and Society", "Major urban areas - population")):
        match = _ENTRY.match(bare(part))
        if match is None:
            continue
        number, million, words = match.groups()
        in_millions = million and "," not in number  # "872,000 million" is a slip
        name = words.title() if words.isupper() else words
        people = float(number.replace(",", "")) * (1e6 if in_millions else 1)
        yield _USUAL.get(name, name), people, words.isupper() or bool(_SEAT.search(part))
