"""Knowledge points of a question by a language model: the method's own way to search keys.

A few-shot prompt shows a question with its options and the entities of both, so that the right answer is not needed
(Continue Evolving from Mistakes, arXiv 2404.08707; the first example is the paper's figure's, the others are ours).
"""

import re
from collections.abc import Sequence

from cem_toolkit.api import Attempt, normalise
from cem_toolkit.builtin.keyphrases import distinct, is_telling, telling_choices
from cem_toolkit.builtin.text import STOPWORDS, is_spaceless

MAX_TOKENS = 64
"""New tokens a question: enough for about twenty points."""

_SHOTS = """\
List the knowledge points to look up for each question: the names and terms of the question and of every option.

Question: In the 2nd century, what became the Roman Empire's internal sea was ___
Options: Black Sea; Caspian Sea; Mediterranean Sea; Red Sea
Knowledge points: Roman Empire, internal sea, Red Sea, Caspian Sea, Mediterranean Sea, Black Sea

Question: Which organ of the human body makes insulin?
Options: Gall bladder; Kidney; Liver; Pancreas
Knowledge points: insulin, human body, Gall bladder, Kidney, Liver, Pancreas

Question: Who wrote the opera "The Magic Flute"?
Knowledge points: The Magic Flute, opera

"""


def prompt(question: str, choices: Sequence[str]) -> str:
    """The few-shot prompt for one question; the same for any order of its choices."""
    options = "; ".join(telling_choices(choices))
    asked = f"Question: {' '.join(question.split())}\n" + (f"Options: {options}\n" if options else "")
    return f"{_SHOTS}{asked}Knowledge points:"


def parse(output: str, question: str, choices: Sequence[str]) -> tuple[str, ...]:
    """The knowledge points in a model's output: its first line, split at commas, each once.

    The method extracts; it does not guess. So a point is kept only where all its words but stop words stand in the
    question or its choices: a small model otherwise repeats the examples, or answers the question.
    """
    line = next((line for line in output.splitlines() if line.strip()), "")
    line = re.sub(r"^\s*(?:knowledge points?|points?)\s*[:：]", "", line, flags=re.IGNORECASE)
    given = normalise(" ".join([question, *choices]))
    known = set(given.split())
    points: list[str] = []
    for point in (piece.strip(" \t.*-•\"'“”") for piece in re.split(r"[,;，、；]", line)):
        words = [word for word in normalise(point).split() if word not in STOPWORDS]
        quoted = known.issuperset(words) or (is_spaceless(point) and normalise(point) in given)
        if words and quoted and is_telling(point):
            points.append(point)
    return distinct(points)


def knowledge_points(attempts: Sequence[Attempt], outputs: Sequence[str], limit: int) -> list[tuple[str, ...]]:
    """The points of every attempt's output, at most `limit` each; empty where the output holds none."""
    pairs = zip(attempts, outputs, strict=True)
    return [parse(output, attempt.question, attempt.choices)[:limit] for attempt, output in pairs]
