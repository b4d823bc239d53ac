"""Questions and answers out of a passage alone, by rules.

None of them knows a benchmark's question: they teach what a passage says in the form in which a task asks. They are for
English, and prefer to say nothing over saying something wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from cem_toolkit.api import Passage
from cem_toolkit.builtin.text import STOPWORDS, main_name, sentences

_NAME = r"[A-Z][\w'’-]*(?:(?: (?:of|the|de|la|le|del|von|van|da|do)){0,2} [A-Z][\w'’-]*){0,5}"
_ROLE = r"[a-z][\w-]*(?: [a-z][\w-]*){0,6}?"
ASIDE = r"(?: \([^()]{1,120}\))?(?:, [^,.;]{1,80},)?"
_STOP = r"(?<!\b[A-Z])\.(?:\s|$)|;|$"
_END = (
    rf"(?={_STOP}|, (?!after|behind|except|excluding|outside|apart|by|not|if|and [A-Z])| and (?:its|the|has|is|was)\b)"
)
NAME_IS_ROLE = re.compile(rf"((?:The )?{_NAME}){ASIDE} (is|was) the ({_ROLE}) (of|in) ((?:the )?{_NAME}){_END}")
ROLE_IS_NAME = re.compile(rf"The ({_ROLE}) (of|in) ((?:the )?{_NAME}) (is|was) ((?:the )?{_NAME}){_END}")

_NOT_UNIQUE = re.compile(
    r"(?:name|part|result|son|daughter|brother|sister|child|member|case|type|kind|use|same|site|home|place|subject"
    r"|state|region|area|one|version|form|work|location|scene|focus|basis|cause|topic|example|majority|rest)s?$"
)
_ONLY_ONE = re.compile(
    r"\b(?:first|second|third|last|final|\d+(?:st|nd|rd|th)|\w{3,}est|most|only|founder|inventor|discoverer|author"
    r"|composer|architect|designer|creator)\b"
)
_PERSON = re.compile(
    r"\b(?:president|king|queen|emperor|empress|ruler|leader|minister|chancellor|founder|inventor|discoverer|author"
    r"|composer|architect|designer|creator|father|mother|wife|husband|director|governor|mayor|pope|bishop|commander"
    r"|general|captain|coach|monarch|sultan|tsar|pharaoh|secretary|person|man|woman)$"
)
_THING = re.compile(
    r"\b(?:capital|city|town|river|lake|sea|ocean|mountain|peak|island|country|continent|desert|language|currency"
    r"|religion|airport|port|university|volcano|waterfall|forest|planet|moon|star|animal|bird|flower|tree|metal"
    r"|element|point|building|bridge|church|museum|newspaper|company|bank|railway|anthem|mammal|birthplace)$"
)
_LIVED = re.compile(r"\b(?:he|she|his|her|him)\b|\(born|\bborn\b", re.IGNORECASE)
_THING_TOLD = re.compile(r"(?:It|Its|They|Their)\b")
_WHOLE = rf"(?={_STOP}|, (?:which|where|whose|located|situated|found|known|used|commonly|usually|typically|named)\b)"


@dataclass(frozen=True, slots=True)
class Fact:
    """A question with the answer that a passage gives to it."""

    question: str
    answer: str
    pattern: Literal["role", "definition"]


def facts(passage: Passage, limit: int) -> list[Fact]:
    """At most `limit` facts of `passage`: who or what holds a named role, and what its subject is.

    Every question is asked once, and none is asked that holds its own answer.
    """
    spoken = sentences(passage.text)
    name = main_name(passage.title)
    found: dict[str, Fact] = {}
    for fact in [*_roles(spoken), *islice(_definitions(spoken, name), 1)]:
        if fact.answer.casefold() not in fact.question.casefold():
            found.setdefault(fact.question, fact)
    return list(found.values())[:limit]


def _roles(spoken: list[str]) -> Iterator[Fact]:
    """ "X is the Y of Z" and "The Y of Z is X"; in the past only roles that one alone can have held."""
    for sentence in spoken:
        if match := NAME_IS_ROLE.match(sentence):
            answer, verb, role, link, whole = match.groups()
        elif match := ROLE_IS_NAME.match(sentence):
            role, link, whole, verb, answer = match.groups()
        else:
            continue
        first, *others = answer.split()
        head = others[0] if first == "The" and others else first
        if head.casefold() in STOPWORDS or _NOT_UNIQUE.search(role) or (verb == "was" and not _ONLY_ONE.search(role)):
            continue
        ask = f"Who {verb}" if _PERSON.search(role) else f"What {verb}" if _THING.search(role) else "Name"
        yield Fact(f"{ask} the {role} {link} {whole}{'.' if ask == 'Name' else '?'}", answer, "role")


def _definitions(spoken: list[str], name: str) -> Iterator[Fact]:
    """ "X is a Y", of the passage's own subject, where there are signs that it is a "what" and no "who"."""
    thing = name.rpartition(" ")[2].islower() or any(map(_THING_TOLD.match, spoken))
    if not name or not thing or any(map(_LIVED.search, spoken)):
        return
    pattern = re.compile(rf"(The )?{re.escape(name)}{ASIDE} (is|was|are|were) ((?:an?|the) [^,;.()]+){_WHOLE}")
    for sentence in spoken:
        match = pattern.match(sentence)
        if match and 4 <= len(match[3].split()) <= 25:
            yield Fact(f"What {match[2]} {'the ' if match[1] else ''}{name}?", match[3].strip(), "definition")
