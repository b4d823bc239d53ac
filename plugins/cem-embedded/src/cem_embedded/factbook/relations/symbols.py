"""What a country is or was called, its anthem and its internet code."""

import re

from cem_embedded.factbook.clean import alike, bare, fold, giveaway, outer_split
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_TITLE = re.compile(r'^"([^"]+?),?"')
_NO_TITLE = re.compile(
    r"anthem|himno|hymne? |hino|himna|gimn|inno nazionale|guoge|duulal|surud|soroud|bundeshymne|himnusz|nasheed"
    r"|nashid al|tarana|God Save the King",
    re.IGNORECASE,
)
_DATED = frozenset({"Afghanistan"})
_NO_LOCAL = frozenset({"Vatican City"})  # the entry names the Holy See
_CODE = re.compile(r"^\.[a-z]{2}$")
_NO_NAME = re.compile(
    r"Republic|Kingdom|Federa|Protectorate|Soviet|State|Union|Territor|Mandat|German|Reich|Empire"
    r"|East Africa|Sahara|Mesopotamia|Upper Peru|Districts?$|^Quito$|^Ifni$|Santo Domingo|New Philippines"
    r"|Dilmun|Tylos|Awal|Mishmahig"
)


def anthem(country: Country, _world: World) -> Fact | None:
    """Government: National anthem(s): title, the first one in quotes, in the anthem's own language.

    Left out: titles that only say "national anthem", those with the country's name in them, and the royal anthem,
    which the Factbook gives for countries that have another one of their own.
    """
    match = _TITLE.match(country.text("Government", "National anthem(s)", "title"))
    if match is None or country.name in _DATED or _NO_TITLE.search(match[1]) or giveaway(match[1], country.name):
        return None
    return Fact(f"What is the title of the national anthem of {the(country.name)}?", (match[1],))


def internet_code(country: Country, world: World) -> Fact | None:
    """Communications: Internet country code, where it is neither the name's first two letters nor its initials.

    Codes of the region with the same first letter distract before others do, since the name tells that letter.
    """
    code = country.text("Communications", "Internet country code")
    words = fold(country.name).split()
    if not _CODE.match(code):
        return None
    beside = tuple(
        other.text("Communications", "Internet country code")
        for other in world.countries
        if other.region == country.region and other.text("Communications", "Internet country code").startswith(code[:2])
    )
    plain_to_see = code[1:] in ("".join(words)[:2], "".join(word[0] for word in words)[:2])
    return Fact(
        f"What is the internet country code (top-level domain) of {the(country.name)}?",
        () if plain_to_see else (code,),
        wrong=tuple(other for other in beside if _CODE.match(other)),
        lends=(code,),
    )


def former_name(country: Country, world: World) -> Fact | None:
    """Government: Country name: former, the first that is a name of its own; the answer is today's country.

    Left out: styles of state ("People's Republic of ..."), names of wider areas, names with today's name in them, and
    names that another country's entry has too.
    """
    others = [other.text("Government", "Country name", "former") for other in world.countries if other != country]
    for item in outer_split(country.text("Government", "Country name", "former")):
        name = bare(item)
        if _NO_NAME.search(item) or giveaway(name, country.name) or any(name in other for other in others):
            continue
        return Fact(f'Which present-day country was formerly called "{name}"?', (country.name,))
    return None


def local_name(country: Country, _world: World) -> Fact | None:
    """Government: Country name: local short form, the first one given; the answer is the country.

    Left out: local names that are near the English one, and initials.
    """
    local = bare(country.text("Government", "Country name", "local short form").split("/")[0].split(" or ")[0])
    if local in ("", "none") or local.isupper() or country.name in _NO_LOCAL:
        return None
    if giveaway(local, country.name) or alike(local, country.name):
        return None
    return Fact(f'Which country is called "{local}" in its own language?', (country.name,))
