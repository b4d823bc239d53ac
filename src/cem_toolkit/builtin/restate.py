"""A sentence said in other words, by rules.

Whoever has only read that "Lomé is the capital of Togo" does not know what the capital of Togo is (the reversal curse,
arXiv 2309.12288), and what stands third in a list is learnt behind two others. So the same is said from the other end,
and in another order. All rules but that of lists are for English.
"""

import re
from collections.abc import Iterator
from random import Random

from cem_toolkit.builtin.facts import ASIDE, NAME_IS_ROLE, ROLE_IS_NAME
from cem_toolkit.builtin.text import STOPWORDS, main_name

_VERB = (
    r"(?= (?:is|was|are|were|has|had|have|also|later|borders?|shares?|lies|became|gained|covers|consists|includes?"
    r"|contains?|began|won|wrote|served|died|lived|works?|worked|led|ruled|stretches|flows|rises|uses|makes?|forms?)\b)"
)
_PRONOUN = re.compile(
    rf"(?!It (?:is|was) \w+ (?:that|to)\b)"
    rf"(?:It|They|Th(?:e|is) (?:country|city|island|nation|state|term|word|river|group|company|war|book|film)){_VERB}"
)
"""Not "he" and "she": a page that is about no person speaks of several."""
_POSSESSIVE = re.compile(r"(?:Its|Their)\b(?= [a-z])")
FEWEST_WORDS = 3
"""Of a clause that tells enough."""
_NAME = r"(?:the )?[A-ZÀ-Þ][\w'’-]*(?: (?:of (?:the )?)?[A-ZÀ-Þ][\w'’-]*)*"
_ITEM = rf"{_NAME}(?: to the [a-z-]+)?"
_LIST = re.compile(rf"{_ITEM}(?:, (?:and )?{_ITEM})*,? and {_ITEM}|{_ITEM}(?:, {_ITEM})+,? and {_ITEM}")
_JOINT = re.compile(r",? and (?=(?:the )?[A-ZÀ-Þ])|, ")
_LIST_ENDS = re.compile(
    r"[.,;:)]|$| (?:in|on|at|of|to|by|with|from|for|as|during|before|after|until|since|under|over)\b"
)
_ONE = re.compile(r" (?:is|was|has)\b")
_ORDERED = re.compile(r"\b(?:respectively|followed by|in (?:that|this) order)\b")
_SPOKEN = re.compile(
    r"[A-ZÀ-Þ][\w'’-]*(?: (?:of (?:the )?|the |de |la |le |del |von )?[A-ZÀ-Þ][\w'’-]*)*"
    r"|(?<![\d.,])\b\d{3,4}\b(?![.,]\d)"
)
_SINGULAR = r"(?:(?:also|later) )?(?:is|was|has|had|became|gained|began|won|wrote|led|ruled|\w{3,}s)"
_ADVERB = re.compile(r"[A-Z][a-z]+ly")
_FURTHER = re.compile(
    r",(?: and)? (?:while|with|which|where|who|whose|including|such as)\b|,? and (?:its|it|has|is|was)\b|;"
)


def with_subject(title: str, sentence: str) -> str:
    """`sentence` with its page's subject put in where it begins with a pronoun."""
    name = main_name(title)
    said = _PRONOUN.sub(lambda _: name, sentence, count=1) if _PRONOUN.match(sentence) else sentence
    return _POSSESSIVE.sub(lambda _: f"{name}'s", said, count=1) if _POSSESSIVE.match(said) else said


def reordered(sentence: str, random: Random) -> str:
    """`sentence` with the names of its first list in another order, or "" where it lists none, or where these may be no
    list: "Lomé is the capital of Togo and Kara is a city", "However, Chad and Mali", "Bosnia and Herzegovina is"."""
    match = _LIST.search(sentence)
    items = [item for item in _JOINT.split(match[0]) if item] if match else []
    if not match or len(items) < 2 or _ORDERED.search(sentence) or any(_opens(item) for item in items):
        return ""
    opening = match.start() == 0
    if _ONE.match(sentence, match.end()) if opening else not _LIST_ENDS.match(sentence, match.end()):
        return ""
    turn = random.randrange(1, len(items))
    *first, last = [_inside(item) if opening else item for item in items[turn:] + items[:turn]]
    said = f"{sentence[: match.start()]}{', '.join(first)} and {last}{sentence[match.end() :]}"
    return f"{said[0].upper()}{said[1:]}"


def inverted(sentence: str) -> str:
    """ "The Y of Z is X." of "X is the Y of Z …", and the other way round; "" where it is neither."""
    if match := NAME_IS_ROLE.match(sentence):
        name, verb, role, link, whole = match.groups()
        return "" if _opens(name) else f"The {role} {link} {whole} {verb} {_inside(name)}."
    if match := ROLE_IS_NAME.match(sentence):
        role, link, whole, verb, name = match.groups()
        return "" if _opens(name) else f"{name[0].upper()}{name[1:]} {verb} the {role} {link} {whole}."
    return ""


def turned(sentence: str, title: str) -> str:
    """ "One that borders Yemen is Oman." of "Oman borders Yemen, where …": the page's subject after what the main
    clause says of it; "" where the sentence does not begin with its subject, or where that may be several."""
    name = main_name(title)
    match = re.match(rf"(?:The )?{re.escape(name)}{ASIDE} ({_SINGULAR}\b.+)", sentence.rstrip(" ."))
    clause = _FURTHER.split(match[1], maxsplit=1)[0] if match else ""
    return f"One that {clause} is {name}." if len(clause.split()) >= FEWEST_WORDS else ""


def _opens(name: str) -> bool:
    """Whether what looks like a name begins with a small word that only stands at the beginning of its sentence."""
    first = name.split(maxsplit=1)[0].casefold()
    return first != "the" and first in STOPWORDS


def _inside(name: str) -> str:
    return f"the {name.removeprefix('The ')}" if name.startswith("The ") else name


def names_in(sentence: str, title: str) -> Iterator[str]:
    """Names and years in `sentence`, each once, but for that of its page."""
    own = main_name(title).casefold()
    seen = set()
    for match in _SPOKEN.finditer(sentence):
        name = match[0]
        plain = name.casefold()
        if match.start() == 0 and _ADVERB.fullmatch(name):
            continue
        if plain not in STOPWORDS and len(name) > 2 and plain not in own and own not in plain and plain not in seen:
            seen.add(plain)
            yield name
