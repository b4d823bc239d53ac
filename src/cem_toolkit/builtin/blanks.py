"""Sentences with a name left out, each of whose names is so once the last thing that is said.

Who has read that "Oman borders the Emirates" knows an answer to "What does Oman border?" and none to "What borders the
Emirates?": a name is recalled from what stood before it (the reversal curse, arXiv 2309.12288), and a page found for a
question is as often the answer's as the subject's.
"""

import re
from collections.abc import Iterator

from cem_toolkit.builtin.restate import names_in
from cem_toolkit.builtin.text import STOPWORDS, is_spaceless, main_name

BLANK = "___"


def blanks(said: str, title: str) -> Iterator[tuple[str, str]]:
    """Questions with their answers: the sentence `said` without its page's subject, wherever that stands in it, and
    then without each other name that stands in it once. None where what is left tells too little."""
    name = main_name(title)
    plain = is_spaceless(name)
    if len(name) > 1 and not name.isdigit():
        pattern = re.compile(re.escape(name) if plain else rf"(?<!\w){re.escape(name)}(?!\w)")
        masked, times = pattern.subn(BLANK, said)
        if times and _tells(masked, plain):
            yield (masked if plain else f"Fill in the blank: {masked}"), name
    for other in names_in(said, title):
        masked = said.replace(other, BLANK)
        if said.count(other) == 1 and _tells(masked, False):
            yield f"Fill in the blank: {masked}", other


def _tells(masked: str, spaceless: bool) -> bool:
    left = masked.replace(BLANK, " ")
    if spaceless:
        return 12 <= len(left) <= 100
    words = left.split()
    return len(words) <= 50 and sum(word.strip(".,;:()").casefold() not in STOPWORDS for word in words) >= 3
