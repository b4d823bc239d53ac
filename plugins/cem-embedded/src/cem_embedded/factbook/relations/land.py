"""Where a country lies, and its highest point."""

import re

from cem_embedded.factbook.clean import bare, giveaway
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_PART = re.compile(r"^(?:interior )?(Oceania|[A-Z][a-z]+ (?:Africa|Asia|East))\b(?! and )")
_USUAL_PART = {
    "Northern Africa": "North Africa",
    "Western Africa": "West Africa",
    "Central Africa": "Central Africa",
    "Eastern Africa": "East Africa",
    "Southern Africa": "Southern Africa",
    "Central Asia": "Central Asia",
    "Eastern Asia": "East Asia",
    "Middle East": "the Middle East",
    "Oceania": "Oceania",
    "Southeastern Asia": "Southeast Asia",
    "Southern Asia": "South Asia",
}
_BETWEEN = frozenset(
    {
        "Afghanistan",
        "Angola",
        "Burundi",
        "Cameroon",
        "Comoros",
        "Cyprus",
        "Iran",
        "Madagascar",
        "Malawi",
        "Mauritania",
        "Mauritius",
        "Rwanda",
        "Zambia",
        "Zimbabwe",
    }
)
"""Countries that other sources count to another part of their continent."""

_HEIGHT = re.compile(r"\s+[\d,]+(?:\s*m\b.*)?$")
_NO_NAME = re.compile(r"unnamed|location|point|range|^\d|;", re.IGNORECASE)
_DISPUTED = frozenset(
    {"Bangladesh", "Colombia", "Guyana", "Israel", "Italy", "Kosovo", "Myanmar", "Sudan", "United Arab Emirates"}
)
_USUAL_PEAK = {
    "Aoraki/Mount Cook": "Mount Cook",
    "Aragats Lerrnagagat'": "Mount Aragats",
    "Cerro Aconcagua": "Aconcagua",
    "Cerro Chirripo": "Cerro Chirripó",
    "Fako": "Mount Cameroon",
    "Fan Si Pan": "Fansipan",
    "Galdhopiggen": "Galdhøpiggen",
    "Golem Korab": "Mount Korab",
    "Gora El'brus": "Mount Elbrus",
    "Gunung Kinabalu": "Mount Kinabalu",
    "Halla-san": "Hallasan",
    "Hora Hoverla": "Hoverla",
    "Jebel Toubkal": "Toubkal",
    "Karthala": "Mount Karthala",
    "Kebnekaise South": "Kebnekaise",
    "Konigstein": "Königstein",
    "Kuh-e Damavand": "Mount Damavand",
    "Maja e Korabit": "Mount Korab",
    "Mont Nimba": "Mount Nimba",
    "Monts Nimba": "Mount Nimba",
    "Mount McKinley": "Denali",
    "Mt'a Shkhara": "Shkhara",
    "Mt. Fogo": "Pico do Fogo",
    "Nayramadlin Orgil": "Khüiten Peak",
    "Nevado Huascaran": "Huascarán",
    "Ntheledi": "Mafadi",
    "Paektu-san": "Paektu Mountain",
    "Pic Marguerite": "Margherita Peak",
    "Pico Basile": "Pico Basilé",
    "Pico Bolivar": "Pico Bolívar",
    "Pico de Teide": "Teide",
    "Pik Khan-Tengri": "Khan Tengri",
    "Ponta do Pico": "Mount Pico",
    "Qullai Somoniyon": "Ismoil Somoni Peak",
    "Ras Dejen": "Ras Dashen",
    "Snezka": "Sněžka",
    "Store Mollehoj": "Møllehøj",
    "Ta'Dmejrek": "Ta' Dmejrek",
    "Volcan Baru": "Volcán Barú",
    "Volcan Karisimbi": "Mount Karisimbi",
    "Volcan Pico de Orizaba": "Pico de Orizaba",
    "Volcan Tajumulco": "Tajumulco",
    "Xazrat Sulton Tog'": "Khazret Sultan",
    "Zia Kolata": "Zla Kolata",
}


def subregion(country: Country, _world: World) -> Fact | None:
    """Geography: Location, its first words ("Western Africa, bordering ..."), for Africa, Asia and Oceania only.

    The Factbook's parts of Europe and of the Americas differ too much from those of other sources.
    """
    match = _PART.match(country.text("Geography", "Location"))
    part = _USUAL_PART.get(match[1]) if match else None
    if part is None or country.name in _BETWEEN or giveaway(part, country.name):
        return None
    return Fact(f"In which part of the world does {the(country.name)} lie?", (part,))


def highest_point(country: Country, _world: World) -> Fact | None:
    """Geography: Elevation: highest point ("Konigstein on Brandberg 2,573 m"), without height, notes and place.

    Points without a name of their own, disputed ones and those that the country's name gives away are left out.
    """
    raw = country.text("Geography", "Elevation", "highest point")
    name = bare(_HEIGHT.sub("", bare(raw))).split(" on ")[0]
    name = _USUAL_PEAK.get(name, name)
    if not name or _NO_NAME.search(raw.split(" - ")[0].split(" (")[0]) or country.name in _DISPUTED:
        return None
    if giveaway(name, country.name):
        return None
    return Fact(f"What is the highest point of {the(country.name)}?", (name,), mentioned=raw)
