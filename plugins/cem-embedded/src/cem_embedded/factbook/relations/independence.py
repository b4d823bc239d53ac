"""When a country became independent, and from whom."""

import re

from cem_embedded.factbook.clean import outer_split
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_FORM = re.compile(r"^\d[\d-]* [A-Z][a-z]+ (\d{4}) \((?:declared )?(?:independence )?from (.+)\)$")
_YEAR = re.compile(r"\b\d{4}\b")
_HOLDERS = {
    r"UK|British": "United Kingdom",
    r"US": "United States",
    r"Australia": "Australia",
    r"Belgi\w+": "Belgium",
    r"Brazil": "Brazil",
    r"Colombia": "Colombia",
    r"Denmark": "Denmark",
    r"Egypt": "Egypt",
    r"Ethiopia": "Ethiopia",
    r"France|French": "France",
    r"Germany": "Germany",
    r"Haiti": "Haiti",
    r"Italy|Italian": "Italy",
    r"Japan": "Japan",
    r"Malaysian?": "Malaysia",
    r"Netherlands": "Netherlands",
    r"New Zealand|NZ": "New Zealand",
    r"Ottoman Empire": "Ottoman Empire",
    r"Pakistan": "Pakistan",
    r"Portugal": "Portugal",
    r"Russia": "Russia",
    r"Serbia": "Serbia",
    r"South African?": "South Africa",
    r"Soviet Union": "Soviet Union",
    r"Spain": "Spain",
    r"Sudan": "Sudan",
    r"Yugoslavia": "Yugoslavia",
}
_ARGUABLE = {
    "Russia": frozenset({"Soviet Union"}),
    "Soviet Union": frozenset({"Russia"}),
    "Yugoslavia": frozenset({"Serbia"}),
}
_ALSO_HELD = {"Morocco": frozenset({"Spain"})}
_STATES = {"Ottoman Empire": "the Ottoman Empire", "Soviet Union": "the Soviet Union"}
_CONTESTED = frozenset(
    {
        "Cameroon",  # in two steps, from France and the United Kingdom
        "Chile",  # begun in 1810, declared in 1818
        "Colombia",  # declared in 1810, won in 1819
        "Cuba",  # from Spain, then from the United States
        "Estonia",  # in 1918, and again in 1991
        "Guinea-Bissau",  # declared in 1973, recognised in 1974
        "Ireland",  # treaty in 1921, in force in 1922
        "Kosovo",  # not recognised by all
        "Laos",  # in 1949 and 1953
        "Latvia",  # in 1918, and again in 1991
        "Mexico",  # declared in 1810, won in 1821
        "Mongolia",  # declared in 1911 and 1921
        "Montenegro",  # the end of a union
        "New Zealand",  # in steps
        "Russia",  # the largest part of the state that it left
        "Serbia",  # the end of a union
        "Timor-Leste",  # in 1975 and 2002
        "Uruguay",  # declared in 1825, recognised in 1828
        "Vietnam",  # from France or from Japan
    }
)


def holder_and_year(country: Country) -> tuple[str, int] | None:
    """Government: Independence, of the form "1 July 1962 (from UN trusteeship under Belgian administration)".

    Only the first date counts, and only when its bracket names exactly one holder; "the UK" is spelled out. Countries
    whose date or holder is a matter of reading are left out.
    """
    first, *_ = outer_split(country.text("Government", "Independence"), ";") or [""]
    match = _FORM.match(first)
    if match is None or country.name in _CONTESTED:
        return None
    year, words = match.groups()
    holders = [name for pattern, name in _HOLDERS.items() if re.search(rf"\b(?:{pattern})\b", words)]
    return (holders[0], int(year)) if len(holders) == 1 else None


def independence_year(country: Country, _world: World) -> Fact | None:
    """The year of independence; no year that the entry names at all, nor one beside the right one, distracts."""
    known = holder_and_year(country)
    if known is None:
        return None
    holder, year = known
    named = _YEAR.findall(country.text("Government", "Independence"))
    return Fact(
        f"In which year did {the(country.name)} become independent from {_STATES.get(holder, the(holder))}?",
        (str(year),),
        right=frozenset({*named, str(year - 1), str(year + 1)}),
    )


def independence_from(country: Country, _world: World) -> Fact | None:
    """The state that the country became independent from."""
    known = holder_and_year(country)
    if known is None:
        return None
    holder, year = known
    return Fact(
        f"From which state did {the(country.name)} become independent in {year}?",
        (holder,),
        right=_ARGUABLE.get(holder, frozenset()) | _ALSO_HELD.get(country.name, frozenset()),
        mentioned=country.text("Government", "Independence"),
    )
