"""The largest religious and ethnic groups of a country."""

import re

from cem_embedded.factbook.clean import bare, giveaway, outer_split
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_SHARE = re.compile(r"^(.*?)\s*(\d+(?:\.\d+)?)(?:\s*-\s*\d+(?:\.\d+)?)?%")
_RELIGIONS = {
    r"Muslim|Islam": "Islam",
    r"Orthodox": "Orthodox Christianity",
    r"Catholic": "Catholicism",
    r"Protestant|Lutheran|Evangelical|Anglican|Calvinist": "Protestantism",
    r"Christian": "Christianity",
    r"Buddhis[tm]": "Buddhism",
    r"Hindu": "Hinduism",
    r"Jewish|Judaism": "Judaism",
    r"[Ff]olk religions?|[Aa]nimist|[Tt]raditional": "folk religion",
}
_DENOMINATIONS = frozenset({"Catholicism", "Orthodox Christianity", "Protestantism"})
_CONTESTED = frozenset({"Dominican Republic", "Honduras", "Nigeria", "Panama"})  # sources differ
_MAJORITY = 50.0
_LEAD = 5.0
_USUAL = {
    "Adja-Ewe": "Ewe",
    "Albanians": "Albanian",
    "Bamileke-Bamu": "Bamileke",
    "Baya": "Gbaya",
    "Burman": "Bamar",
    "Chhettri": "Chhetri",
    "Khalkh": "Khalkha",
}
_GROUP = re.compile(r"^[A-Z][\w'-]+(?: [A-Z][\w'-]+)?$")
_NO_PEOPLE = re.compile(
    r"mixed|descent|origin|Black|White|European|African|Asian|Arab-|Mestizo|Mulatto|Creole|Indigenous|Muslim|Jewish"
    r"|Indo-|Christian|Bumiputera|Islander|Pacific|Arab$|(?:ian|an|ek|ch|ish)$"
)


def shares(text: str) -> list[tuple[str, float]]:
    """Read "Muslim 52.1%, Protestant 23.9% (...), ..." into names and percentages, in the Factbook's order."""
    found = [_SHARE.match(bare(item)) for item in outer_split(text)]
    return [(match[1], float(match[2])) for match in found if match]


def _religion(words: str) -> str:
    """Return the religion of a Factbook label ("Serbian Orthodox", "other Christian"): the first that it names."""
    return next((name for pattern, name in _RELIGIONS.items() if re.search(pattern, words)), "")


def religion(country: Country, _world: World) -> Fact | None:
    """People and Society: Religions: the first group where it has the majority.

    Denominations and Christianity as a whole never stand side by side.
    """
    listed = shares(country.text("People and Society", "Religions"))
    named = {name: None for words, _ in listed if (name := _religion(words))}
    if not listed or not named or country.name in _CONTESTED:
        return None
    words, share = listed[0]
    answer = _religion(words)
    return Fact(
        f"Which of these is the largest religious group in {the(country.name)}?",
        (answer,) if answer and share >= _MAJORITY else (),
        right=frozenset({"Christianity"}) if answer in _DENOMINATIONS else _DENOMINATIONS,
        lends=tuple(named),
    )


def ethnic_group(country: Country, _world: World) -> Fact | None:
    """People and Society: Ethnic groups: the first group where it has a proper name and leads by five points.

    Left out: groups by colour, descent or state ("Danish"), and those that the country's name gives away. No group that
    the entry names in any way distracts.
    """
    text = country.text("People and Society", "Ethnic groups")
    listed = shares(text)
    if not listed:
        return None
    name, share = listed[0]
    name = _USUAL.get(name.split("/")[0], name.split("/")[0])
    if not _GROUP.match(name) or _NO_PEOPLE.search(name) or giveaway(name, country.name, start=3):
        return None
    clear = share - max((other for _, other in listed[1:]), default=0.0) >= _LEAD
    return Fact(
        f"Which is the largest ethnic group of {the(country.name)}?",
        (name,) if clear else (),
        mentioned=text,
        lends=(name,),
    )
