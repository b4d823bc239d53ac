"""Search keys for a question, from its stem and all its choices, without a model.

Phrases between stop words are scored as in RAKE (Rose, Engel, Cramer and Cowley, "Automatic keyword extraction from
individual documents", 2010); names are found by their capitals and quotation marks. Text in scripts without spaces is
split at its punctuation only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from cem_toolkit.api import normalise
from cem_toolkit.builtin.text import STOPWORDS, is_spaceless

_BLANK = re.compile(r"_{2,}|\.{3,}|…+|[(（]\s*[)）]")
_WORD = re.compile(r"\w+(?:[-'’.&/]\w+)*")
_PIECE = re.compile(r"\w+(?:[-'’.&/]\w+)*|[^\w\s]")
_QUOTED = re.compile(
    r"[\"“”„]([^\"“”„]{2,60})[\"“”]|«([^»]{2,60})»|《([^》]{1,60})》|「([^」]{2,60})」|\B[‘']([^‘’']{2,60})[’']\B"
)
_CLAUSE = re.compile(r"[,;:!?()\[\]\"“”《》「」，。；：！？、（）—–]+|\.(?:\s|$)")
_JOINING = frozenset(("of", "the", "de", "la", "le", "du", "da", "di", "del", "von", "van", "der", "den", "al", "el"))
_EMPTY_CHOICE = re.compile(
    r"(?:all|none|neither|both|any|either)( of)?( the)?( above| these| them| options| choices)*|both \w+ and \w+"
    r"|yes|no|true|false|correct|incorrect|maybe|unknown|\w|[\d\W]+|以上.*|都[不]?[是对]|是|否|对|错"
)

_DATES_AND_COUNTS = """
january february march april may june july august september october november december monday tuesday wednesday thursday
friday saturday sunday one two three four five six seven eight nine ten
"""
_NO_NAMES = frozenset(_DATES_AND_COUNTS.split())
"""Capitalised words that say too little alone."""

LONGEST = 12
"""Queries of more words than this find less, so longer ones are cut to their best phrases."""

LONGEST_SPACELESS = 48
"""The same in characters, for scripts without spaces."""


def queries(question: str, choices: Iterable[str], limit: int) -> tuple[str, ...]:
    """At most `limit` search keys for a question, most telling first.

    First the names in the stem, then the stem's keyphrases together, those with each choice, and each choice alone.
    The order of the choices does not matter: some benchmarks always give the right one first, and a source that asks
    only the first few queries would then look for it.
    """
    stem = _BLANK.sub(" ", question).strip()
    if stem.isupper():
        stem = stem.capitalize()
    about = topic(stem)
    telling = telling_choices(choices)
    keys = [*names(stem)[:3], about]
    keys += [f"{about} {choice_key(choice)}".strip() for choice in telling]
    keys += [choice_key(choice) for choice in telling]
    if not telling and not is_spaceless(stem):
        keys += phrases(stem)
    return distinct(keys)[:limit] or distinct([stem])


def distinct(keys: Iterable[str]) -> tuple[str, ...]:
    """`keys` without empty ones and without those that another before them equals when normalised."""
    kept: dict[str, str] = {}
    for key in keys:
        kept.setdefault(normalise(key).replace("_", "").strip(), " ".join(key.split()))
    kept.pop("", None)
    return tuple(kept.values())


def telling_choices(choices: Iterable[str]) -> list[str]:
    """Those choices that name something to look up, sorted: the order they come in may tell which one is right."""
    return sorted(filter(is_telling, choices), key=lambda choice: (normalise(choice), choice))


def is_telling(choice: str) -> bool:
    """Whether a choice names something to look up; a bare number, letter, "Yes" or "None of the above" does not."""
    words = normalise(choice).replace("_", "")
    return bool(words) and not _EMPTY_CHOICE.fullmatch(words)


def choice_key(choice: str) -> str:
    """A choice as a search key: short ones as they stand, less a leading article; of long ones the keyphrases."""
    words = choice.split()
    if words and words[0].casefold() in ("a", "an", "the"):
        words = words[1:]
    plain = " ".join(words).strip(" .,;:")
    return plain if len(words) <= 4 or is_spaceless(choice) else topic(choice) or plain


def names(stem: str) -> list[str]:
    """Quoted spans, then spans of capitalised words; last those of one word that opens a sentence."""
    quoted = [next(filter(None, match)) for match in _QUOTED.findall(stem)]
    sure: list[str] = []
    unsure: list[str] = []
    for words, opening in _capitalised(_QUOTED.sub(", ", stem)):
        span = words[words[0].casefold() in ("a", "an", "the") :]
        if span and not (len(span) == 1 and span[0].casefold() in _NO_NAMES):
            (unsure if opening and len(span) == 1 else sure).append(_without_possessive(" ".join(span)))
    return list(distinct([*quoted, *sure, *unsure]))


def _capitalised(stem: str) -> list[tuple[list[str], bool]]:
    """Runs of capitalised words, with whether they open a sentence; lower-case particles may join two of them."""
    found: list[tuple[list[str], bool]] = []
    span: list[str] = []
    between: list[str] = []
    opening, span_opens = True, True
    for piece in [*_PIECE.findall(stem), "!"]:
        if piece[0].isupper() and not (opening and _is_stop(piece)):
            if not span:
                span_opens = opening
            span += [*between, piece]
            between = []
        elif span and piece in _JOINING and len(between) < 2:
            between.append(piece)
        elif span and not between and piece.isdigit():
            span.append(piece)
        elif span and not between and piece == "." and len(span[-1]) == 1:
            span[-1] += piece
            continue
        else:
            if span:
                found.append((span, span_opens))
            span, between = [], []
        opening = piece in '.!?:"“'
    return found


def _is_stop(word: str) -> bool:
    return word.casefold() in STOPWORDS and not (len(word) > 1 and word.isupper())  # "US" is no pronoun


def _without_possessive(word: str) -> str:
    return word.removesuffix("'s").removesuffix("’s")


def phrases(text: str) -> list[str]:
    """The runs of words between stop words and punctuation, best RAKE score first; each once."""
    scores = _rake(_candidates(text))
    return [" ".join(phrase) for phrase, _ in sorted(scores.items(), key=lambda item: -item[1])]


def topic(text: str) -> str:
    """The best keyphrases of `text` in the order in which they stand there, of at most `LONGEST` words in all."""
    if is_spaceless(text):
        return _last_clauses(text)
    candidates = _candidates(text)
    scores = _rake(candidates)
    chosen: set[tuple[str, ...]] = set()
    for phrase, _ in sorted(scores.items(), key=lambda item: -item[1]):
        if not chosen or sum(map(len, chosen)) + len(phrase) <= LONGEST:
            chosen.add(phrase)
    words = [word for phrase in dict.fromkeys(candidates) if phrase in chosen for word in phrase]
    return " ".join(dict.fromkeys(words[: 2 * LONGEST]))


def _last_clauses(text: str) -> str:
    """The last clauses of a text without spaces, as what is asked stands at its end."""
    kept: list[str] = []
    for clause in reversed(distinct(_CLAUSE.split(text))):
        if kept and sum(map(len, kept)) + len(clause) > LONGEST_SPACELESS:
            break
        kept.insert(0, clause)
    return " ".join(kept)


def _candidates(text: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for clause in _CLAUSE.split(text):
        words = _WORD.findall(clause.replace("_", " "))
        for is_stop, run in groupby(words, key=_is_stop):
            if not is_stop:
                found.append(tuple(map(_without_possessive, run)))
    return found


def _rake(candidates: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    """The score of every phrase: the sum over its words of degree (length of the phrases it is in) over frequency."""
    frequency: Counter[str] = Counter()
    degree: Counter[str] = Counter()
    for phrase in candidates:
        for word in phrase:
            frequency[word.casefold()] += 1
            degree[word.casefold()] += len(phrase)
    return {phrase: sum(degree[w.casefold()] / frequency[w.casefold()] for w in phrase) for phrase in candidates}
