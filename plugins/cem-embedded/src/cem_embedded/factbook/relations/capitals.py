"""The capital of a country."""

from cem_embedded.factbook.clean import bare, giveaway
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the
from cem_embedded.factbook.relations.urban import other_cities

_DISPUTED = frozenset({"Israel"})
_USUAL = {
    "Asuncion": "Asunción",
    "Chisinau in Romanian": "Chișinău",
    "Lome": "Lomé",
    "Port-Vila": "Port Vila",
    "Saint George's": "St. George's",
    "Saint John's": "St. John's",
    "Sao Tome": "São Tomé",
    "Tarawa": "South Tarawa",
    "Yaounde": "Yaoundé",
}


def capital_name(country: Country) -> str:
    """Government: Capital: name, without notes ("Ashgabat (Ashkhabad)"), in its usual spelling.

    Returns "" where the entry names several seats ("Porto-Novo (constitutional capital); Cotonou (seat of
    government)"), adds a note on another one, or where the capital is disputed.
    """
    raw = country.text("Government", "Capital", "name")
    if country.name in _DISPUTED or ";" in raw or "capital" in raw:
        return ""
    name = bare(raw)
    return _USUAL.get(name, name)


def capital(country: Country, _world: World) -> Fact | None:
    """Which city is the capital; not asked where the name gives it away ("Mexico City").

    The country's other large cities distract before other capitals do: those alone are told apart too easily.
    """
    name = capital_name(country)
    if not name or giveaway(name, country.name):
        return None
    return Fact(f"What is the capital of {the(country.name)}?", (name,), wrong=tuple(other_cities(country)))
