"""Finding one question by its id, the beginning of its id, or its words."""

import heapq

from cem_toolkit.errors import CemError
from cem_toolkit.ledger.entries import Entry, Key
from cem_toolkit.ledger.reading import attempts_of, read_ledger
from cem_toolkit.plain import brief
from cem_toolkit.records import normalise
from cem_toolkit.run import Run

FEWEST = 4
"""So many characters of an id are needed."""
SHOWN = 5

Match = tuple[Key, str]
"""A question's key and its text."""


def entry(run: Run, question: str) -> Entry:
    """The entry of the question with that id, with an id that begins so (`TASK:ID` where several tasks ask it), or
    with all these words.

    Raises CemError that lists some of the questions meant where there are several, or the nearest where there is none.
    """
    asked = [((attempt.task, attempt.id), attempt.question) for attempt in attempts_of(run.start)]
    matches = dict(_by_id(question, asked) or _by_words(question, asked))
    if len(matches) == 1:
        return next(read_ledger(run, only=matches))
    if matches:
        raise CemError(
            f"{run.name}: {len(matches):,} questions match {brief(question, 80)!r}: {_listed(list(matches.items()))}; "
            "give more words, or an id"
        )
    near = _near(question, asked)
    hint = f"the nearest are {_listed(near)}" if near else "`cem-toolkit ledger` lists the questions with their ids"
    raise CemError(f"{run.name}: no question matches {brief(question, 80)!r}; {hint}")


def _by_id(reference: str, asked: list[Match]) -> list[Match]:
    wanted = reference.strip()
    exact = [match for match in asked if wanted in (match[0][1], ":".join(match[0]))]
    if exact or len(wanted) < FEWEST:
        return exact
    return [match for match in asked if match[0][1].startswith(wanted) or _begins_within(match[0], wanted)]


def _begins_within(key: Key, wanted: str) -> bool:
    task, separator, beginning = wanted.rpartition(":")
    return bool(separator) and task == key[0] and len(beginning) >= FEWEST and key[1].startswith(beginning)


def _by_words(reference: str, asked: list[Match]) -> list[Match]:
    """Questions that are exactly so, else those with every word of `reference`, else with every one as a part."""
    wanted = normalise(reference)
    if not wanted:
        return []
    words = wanted.split()
    parts = [(match, text) for match in asked if all(word in (text := normalise(match[1])) for word in words)]
    exact = [match for match, text in parts if text == wanted]
    return exact or [m for m, text in parts if set(words) <= set(text.split())] or [match for match, _ in parts]


def _near(reference: str, asked: list[Match]) -> list[Match]:
    """Questions with most of the words of `reference` (their endings aside), rarer words counting for more."""
    texts = [f" {normalise(question)}" for _, question in asked]
    words = {f" {word[: max(FEWEST, len(word) - 2)]}" for word in normalise(reference).split()}
    weights = {word: 1 / count for word in words if (count := sum(word in text for text in texts))}
    scored = ((sum(weights[word] for word in weights if word in text), -place) for place, text in enumerate(texts))
    return [asked[-place] for score, place in heapq.nlargest(SHOWN, scored) if score]


def _listed(matches: list[Match]) -> str:
    shown = [f"{brief(':'.join(key), 60)} ({brief(question, 50)})" for key, question in matches[:SHOWN]]
    return ", ".join(shown) + (", …" if len(matches) > SHOWN else "")
