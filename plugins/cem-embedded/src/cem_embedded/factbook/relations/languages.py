"""The languages of a country."""

import re
from collections import Counter

from cem_embedded.factbook.clean import bare, giveaway, outer_split
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_NAME = re.compile(r"^[A-Z][\w' -]+$")
_OFFICIAL = re.compile(r"\([^()]*\bofficial\b")
_PARTLY = re.compile(r"official,? (?:in|minority|regional|but|only|on most)|special status|de (?:facto|jure)")
_DATED = frozenset({"Burkina Faso", "Niger"})  # French lost its official status there in 2024 and 2025
_USUAL = {
    "Afghan Persian": "Dari",
    "Bahasa Indonesia": "Indonesian",
    "Bahasa Malaysia": "Malay",
    "Bangla": "Bengali",
    "Bokmal Norwegian": "Norwegian",
    "Castilian": "Spanish",
    "Castilian Spanish": "Spanish",
    "iTaukei": "Fijian",
    "Kiswahili": "Swahili",
    "Moldovan/Romanian": "Romanian",
    "Nynorsk Norwegian": "Norwegian",
    "Mandarin": "Mandarin Chinese",
    "Persian Farsi": "Persian",
    "Sangho": "Sango",
    "Sepedi": "Northern Sotho",
    "Sesotho": "Sotho",
    "Setswana": "Tswana",
    "Shikomoro": "Comorian",
    "Standard Chinese": "Mandarin Chinese",
    "Tshivenda": "Venda",
    "Xitsonga": "Tsonga",
}
_GENERIC = re.compile(r"Creole|Pidgin|[Ll]anguages|dialects|Indigenous")


def language_text(country: Country) -> str:
    """People and Society: Languages, which is a field of its own or within one of the same name."""
    path = ("People and Society", "Languages")
    return country.text(*path, "Languages") or country.text(*path)


def _name(item: str) -> str:
    """Take the language's name off an item ("Moldovan/Romanian 80.2% (official)"); "" where it is no single one."""
    words = re.split(r"\s+or\s+|\s+only\b|\s+less than\b|\s+<?\d", bare(item))[0].strip()
    name = _USUAL.get(words, words)
    return name if _NAME.match(name) and not _GENERIC.search(name) else ""


def official_languages(country: Country) -> tuple[str, ...]:
    """The languages marked "(official)" for the whole country, in the Factbook's order."""
    text = language_text(country).split("; note")[0].replace("(official) and ", "(official), ")
    items = outer_split(text)
    official = [_name(item) for item in items if _OFFICIAL.search(item) and not _PARTLY.search(item)]
    return tuple(name for name in dict.fromkeys(official) if name)


def official_language(country: Country, world: World) -> Fact | None:
    """An official language; no language that the entry names in any way distracts.

    Languages that are official in several countries of the region distract before others do: beside English, a
    language of one far country is told apart too easily.
    """
    if country.name in _DATED:
        return None
    official = official_languages(country)
    answers = tuple(name for name in official if not giveaway(name, country.name, start=3))
    if not official:
        return None
    region = [other for other in world.countries if other.region == country.region]
    uses = Counter(name for other in region for name in official_languages(other))
    return Fact(
        f"Which of these is an official language of {the(country.name)}?",
        answers,
        right=frozenset(official),
        mentioned=language_text(country),
        wrong=tuple(name for name, count in uses.items() if count > 1),
        lends=official,
    )
