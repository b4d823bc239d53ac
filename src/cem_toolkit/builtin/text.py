"""Small things about text that the miner and the mixer share."""

import re

from cem_toolkit.leaks import SPACELESS

_COMMON = """
a about above across after again against all along also although always am among an and another any anybody anyone
anything are around as at away be became because become becomes been before began begin being below best between
both but by call called came can cannot choose come complete consider correct could describe describes did do does
doing done down due during each either else ever every false few find first following follows for formed
from gave get gets give given gives go goes got had has have having he her here hers him his how however i
identify if in include includes including into is it its itself just kind know known last least less let like
likely made main mainly make makes many may me means might mine more most mostly much must my name named names
near neither never no nor not now of off often on once one ones only or other others our out over own per perhaps
please quite rather regarding result same say says see select several shall she should since so some something
statement statements still such take takes than that the their them themselves then there these they thing things
this those though through thus to together too toward towards true type under until up upon us use used uses using
usually various very was way we well were what whatever when where whether which while who whom whose why will
with within without word words would yes yet you your yours
"""
STOPWORDS = frozenset(_COMMON.split())
"""English words that carry no topic, and those of which questions are made ("which of the following is true")."""

_SPACELESS = re.compile(f"[{SPACELESS}]")
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z\d])|(?<=[。！？])|\n+")
_ABBREVIATED = re.compile(r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Mt|Jr|Sr|Prof|Gen|Col|Lt|No|vs|ca|c|b|d)|\.[A-Za-z])\.$")


def is_spaceless(text: str) -> bool:
    """Whether most letters of `text` are of a script written without spaces, such as Chinese."""
    return 2 * len(_SPACELESS.findall(text)) > len(_LETTER.findall(text))


def sentences(text: str) -> list[str]:
    """`text` split at ends of sentences and lines; a full stop after an initial or a common abbreviation is no end."""
    found: list[str] = []
    for piece in (piece.strip() for piece in _SENTENCE_END.split(text)):
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] += " " + piece
        elif piece:
            found.append(piece)
    return found


def main_name(title: str) -> str:
    """A page's title without what only tells it from others: "Mercury (planet)" is "Mercury"."""
    return re.sub(r"\s*[(（][^()（）]*[)）]\s*$", "", title).strip() or title.strip()
