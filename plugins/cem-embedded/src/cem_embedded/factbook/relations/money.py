"""The currency unit of a country."""

import re

from cem_embedded.factbook.clean import giveaway
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_FORM = re.compile(r"^(.+?)(?: \([A-Z/]+\))? per US dollar")
_DATED = frozenset({"Bulgaria", "Zimbabwe"})  # the euro since 2026, the ZiG since 2024
_SINGULAR = {
    "bolivars": "bolívar",
    "colones": "colón",
    "cordobas": "córdoba",
    "guarani": "guaraní",
    "koruny": "koruna",
    "kroner": "krone",
    "kronor": "krona",
    "kronur": "króna",
    "lei": "leu",
    "leke": "lek",
    "maloti": "loti",
    "manats": "manat",
    "markas": "mark",
    "meticais": "metical",
    "quetzales": "quetzal",
    "Qatari rials": "riyal",
    "reals": "real",
    "rubles": "ruble",
    "emalangeni": "lilangeni",
    "togrog/tugriks": "tögrög",
    "zlotych": "złoty",
}
_UNCHANGED = re.compile(r"(?:[^s]|ss)$")
_ALSO_TENDER = {
    "Bhutan": frozenset({"rupee"}),
    "Cambodia": frozenset({"dollar"}),
    "Cuba": frozenset({"dollar"}),
    "Eswatini": frozenset({"rand"}),
    "Guatemala": frozenset({"dollar"}),
    "Haiti": frozenset({"dollar"}),
    "Lesotho": frozenset({"rand"}),
    "Namibia": frozenset({"rand"}),
    "Panama": frozenset({"dollar"}),
    "Venezuela": frozenset({"dollar"}),
}


def unit(country: Country) -> str:
    """Economy: Exchange rates: Currency ("Algerian dinars (DZD) per US dollar -"): the unit alone, in the singular.

    Returns "" where the entry is missing or out of date.
    """
    match = _FORM.match(country.text("Economy", "Exchange rates", "Currency"))
    if match is None or country.name in _DATED:
        return ""
    word = match[1].split()[-1]
    regular = word if _UNCHANGED.search(word) else word.removesuffix("s")
    return _SINGULAR.get(match[1]) or _SINGULAR.get(word, regular)


def currency(country: Country, _world: World) -> Fact | None:
    """The currency unit alone, since the adjective before it would give the answer away.

    A second legal tender never distracts, and no unit that the country's name gives away is asked.
    """
    name = unit(country)
    if not name:
        return None
    return Fact(
        f"What is the currency unit of {the(country.name)} called?",
        () if giveaway(name, country.name) else (name,),
        right=_ALSO_TENDER.get(country.name, frozenset()),
        lends=(name,),
    )
