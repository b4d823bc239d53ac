"""Ways of asking one multiple-choice question: as its task does, with the choices in other places, or in other words.

None depends on which choice is right. `completion` of an attempt shows how the task writes an answer, and with it how
it would write the other choices.
"""

import re
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from cem_toolkit.records import Attempt, content_id

LABELS = ("ABCDEFGHIJ", "abcdefghij", "1234567890", "0123456789")
"""What tasks put before their choices, one character each."""

FRAMES = ("Q: {question}\nA:", "{question}")
"""Other prompts for a question whose answer is a choice's text."""

_BOUND = re.compile(
    r"\b(?:above|below|previous|preceding|following)\b|\b[A-Ja-j1-9]\)? (?:and|or|nor) \(?[A-Ja-j1-9]\b|以上",
    re.IGNORECASE,
)
"""What a choice says that speaks of the others: "None of the above", "Both A and B"."""


class Way(NamedTuple):
    """A prompt, and what follows it for every choice, in the order of the attempt's choices."""

    prompt: str
    continuations: tuple[str, ...]


def as_task(attempt: Attempt) -> Way | None:
    """The question as its task asks it.

    None for free text, and where it cannot be told how the task would write the other choices.
    """
    if len(attempt.choices) < 2 or attempt.gold not in attempt.choices:
        return None
    delimiter = attempt.completion.removesuffix(attempt.gold)
    if delimiter != attempt.completion and not delimiter.strip():
        return Way(attempt.prompt, tuple(delimiter + choice for choice in attempt.choices))
    label = attempt.completion.strip(" \n\t.:()[]")
    index, count = attempt.choices.index(attempt.gold), len(attempt.choices)
    for labels in LABELS:
        if labels[index : index + 1] == label and label and count <= len(labels):
            return Way(attempt.prompt, tuple(attempt.completion.replace(label, each) for each in labels[:count]))
    return None


def other_ways(attempt: Attempt, count: int, seed: int) -> list[Way]:
    """At most `count` other ways of asking, decided by `seed` and the question alone.

    Where the choices stand in the prompt, they are moved round: in each way every choice stands at another place, under
    another letter, so that a liking for a letter cannot look like an opinion (arXiv 2309.03882). Elsewhere the prompt
    is another: with the choices listed, as "Q: … A: …", and bare; then with the choices listed in other orders.
    """
    way = as_task(attempt)
    if way is None or _only_labels(attempt.choices):
        return []
    shifts = list(range(1, len(attempt.choices)))
    Random(content_id(str(seed), "ways", attempt.id)).shuffle(shifts)  # noqa: S311 (not for secrets)
    bound = any(map(_BOUND.search, attempt.choices))
    lettered = not way.continuations[0].endswith(attempt.choices[0])
    places = _places(attempt, lettered)
    if places:
        return [] if bound else [_moved(attempt, way, places, shift, lettered) for shift in shifts[:count]]
    if lettered:
        return []
    written = tuple(" " + choice.strip() for choice in attempt.choices)
    listed = [] if bound else [_listed(attempt, shift) for shift in shifts]
    framed = [frame.format(question=attempt.question) for frame in FRAMES]
    prompts = dict.fromkeys([*listed[:1], *framed, *listed[1:]])
    prompts.pop(attempt.prompt, None)
    return [Way(prompt, written) for prompt in list(prompts)[:count]]


def _only_labels(choices: Sequence[str]) -> bool:
    """Whether nothing but the labels of the choices is known."""
    said = "".join(choice.strip(" .()") for choice in choices)
    return len(said) == len(choices) and any(labels.startswith(said) for labels in LABELS)


def _places(attempt: Attempt, lettered: bool) -> list[int]:
    """Where the choices stand in the prompt, one after the other, or []. Only behind the question, unless the answer is
    a letter: else a question that names its choices would be torn up."""
    asked = attempt.prompt.find(attempt.question)
    first = asked + len(attempt.question) if asked >= 0 else len(attempt.prompt)
    return _backwards(attempt, first) or (_backwards(attempt, 0) if lettered else [])


def _backwards(attempt: Attempt, first: int) -> list[int]:
    """Places of the choices from `first` on, looked for from the end: what a question says comes before its choices."""
    places: list[int] = []
    end = len(attempt.prompt)
    for choice in reversed(attempt.choices):
        pattern = re.compile(rf"(?<!\w){re.escape(choice)}(?!\w)")
        found = [match.start() for match in pattern.finditer(attempt.prompt, first, end)] if choice else []
        if not found:
            return []
        end = found[-1]
        places.insert(0, end)
    return places


def _moved(attempt: Attempt, way: Way, places: Sequence[int], shift: int, lettered: bool) -> Way:
    """The choices moved round by `shift` places."""
    choices, count = attempt.choices, len(attempt.choices)
    prompt, done = "", 0
    for slot, place in enumerate(places):
        prompt += attempt.prompt[done:place] + choices[(slot + shift) % count]
        done = place + len(choices[slot])
    prompt += attempt.prompt[done:]
    if not lettered:
        return Way(prompt, way.continuations)
    return Way(prompt, tuple(way.continuations[(index - shift) % count] for index in range(count)))


def _listed(attempt: Attempt, shift: int) -> str:
    """The question with its choices listed, moved round by `shift` places."""
    turned = (*attempt.choices[shift:], *attempt.choices[:shift])
    options = "".join(f"\n- {choice.strip()}" for choice in turned)
    return f"Question: {attempt.question}\nOptions:{options}\nAnswer:"
