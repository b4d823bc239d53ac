"""Self-study: what a language model is asked about a passage, and how its output is read.

The forms are restatements, questions with answers, and summaries, as in EntiGraph (arXiv 2409.07431) and Active Reading
(arXiv 2508.09494); those ask large chat models, these are few-shot prompts, so that a small base model follows them.
Passages and outputs are not trusted: a passage is one line of its prompt whatever it holds, and of an output only what
has the asked form is read.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cem_toolkit.api import Passage, Rewrite, RewriteKind, normalise
from cem_toolkit.builtin.examples import LONG, SHORT, Example
from cem_toolkit.builtin.text import is_spaceless, main_name
from cem_toolkit.excerpts import nearest, says
from cem_toolkit.leaks import tokens

MOST = 4
"""Of a form for each passage: so many the examples show."""
CHARACTERS = 2000
"""So much of a passage is shown: its beginning."""

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd\ue000-\uf8ff]|<[^<>\s]{1,40}>|\[/?INST\]|```"
)
"""Control characters, and the marks by which chat templates part their turns."""
_NEXT = re.compile(r"^[ \t]*(?:Title|Text)[ \t]*:", re.MULTILINE | re.IGNORECASE)
"""Where a base model goes on with another passage of its own."""
_ITEM = re.compile(r"(?:\d{1,2}[.)]|[-*•])\s+(.*)")
_LABEL = re.compile(r"\s*(?:Summary|In other words)\s*:", re.IGNORECASE)
_ASKED = re.compile(r"\s*(?:\d{1,2}[.)]\s*)?Question\b", re.IGNORECASE)
_PAIR = re.compile(
    r"^[ \t]*(?:\d{1,2}[.)][ \t]*)?Question(?: \d+)?:[ \t]*(.+)\n\s*Answer(?: \d+)?:[ \t]*(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
_SENTENCE = re.compile(r".*[.!?。！？][\"'”’)\]]*", re.DOTALL)
_PRONOUN = re.compile(r"(?:It|They|He|She|This|These|Those|Its|Their|His|Her)\b")
_NAME = re.compile(r"\s[\"“‘]?[A-ZÀ-Þ\d]")
_FULL_STOP = re.compile(r"(?<!\b[A-Z])\.$")

Told = tuple[str, str]
"""A question, or "", and its answer, or a statement."""


@dataclass(frozen=True, slots=True)
class Form:
    """One thing to ask of a language model about passages."""

    kind: RewriteKind
    task: str
    examples: tuple[tuple[Example, str], ...]
    opening: str
    """What every solution begins with; the prompt ends with it."""
    count: int
    max_tokens: int
    parse: Callable[[str], Iterable[Told]]

    def prompt(self, passage: Passage) -> str:
        solved = [f"Title: {each.title}\nText: {each.text}\n{solution}\n" for each, solution in self.examples]
        asked = f"Title: {_line(main_name(passage.title))}\nText: {_line(passage.text)}\n{self.opening}"
        return "\n".join([f"{self.task}\n", *solved, asked])

    def read(self, output: str, passage: Passage) -> Iterator[Rewrite]:
        """What `output` holds in this form, good or not (`fault`)."""
        own = _NEXT.split(output.replace("**", ""), maxsplit=1)[0]
        subject = normalise(main_name(passage.title))
        told = dict.fromkeys((_flat(question), _flat(text)) for question, text in self.parse(own))
        for question, text in list(told)[: self.count]:
            kind = "reversed" if question and normalise(text) == subject else self.kind
            yield Rewrite.make(passage_id=passage.id, kind=kind, question=question, text=text)


def restating(count: int) -> Form:
    return Form(
        kind="restatement",
        task=f"Say each text in other words, in {count} ways. Add nothing, leave nothing out, and name the subject.",
        examples=tuple((each, _numbered(each.restatements[:count])) for each in SHORT),
        opening="1.",
        count=count,
        max_tokens=64 * count,
        parse=_statements,
    )


def asking(count: int) -> Form:
    return Form(
        kind="question",
        task=f"Ask {count} questions about each text, and answer them with words of the text alone.",
        examples=tuple((each, _answered(each.questions[:count])) for each in SHORT),
        opening="Question:",
        count=count,
        max_tokens=40 * count,
        parse=_questions,
    )


def summing_up() -> Form:
    return Form(
        kind="summary",
        task="Sum up each text in one sentence. Add nothing, and name the subject.",
        examples=tuple((each, f"Summary: {each.summary}") for each in LONG),
        opening="Summary:",
        count=1,
        max_tokens=96,
        parse=_statements,
    )


def fault(rewrite: Rewrite, passage: Passage) -> str:
    """Why what a model wrote is of no use, or "". Whether the passage says it is for the core to judge."""
    question, text, source = rewrite.question, rewrite.text, f"{passage.title}\n{passage.text}"
    faults = {
        "empty": not normalise(text),
        "with control text": _CONTROL.search(question + text),
        "examples said again": normalise(question or text) in _SHOWN,
        "word for word": says(text, passage.text) or (not question and says(passage.text, text)),
    }
    if question:
        faults |= {
            "no question": not question.endswith(("?", "？")),
            "with an answer that does not stand in the passage": not says(source, text),
            "with the answer in the question": says(question, text),
            "about nothing named": rewrite.kind != "reversed" and not _names_something(question, passage),
        }
    else:
        room = 1 if rewrite.kind == "summary" else 2
        faults |= {
            "about nothing named": _PRONOUN.match(text),
            "unfinished": not _SENTENCE.fullmatch(text),
            "too long": len(tokens(text)) > room * len(tokens(source)),
        }
    return next((fault for fault, found in faults.items() if found), "")


def _statements(output: str) -> Iterator[Told]:
    """The items of a numbered list, of which the prompt has begun the first; any other line is talk."""
    lines = [line.strip() for line in _LABEL.sub("", output, count=1).splitlines() if line.strip()]
    for place, line in enumerate(lines):
        if match := _ITEM.fullmatch(line):
            yield "", match[1]
        elif place == 0:
            yield "", line


def _questions(output: str) -> Iterator[Told]:
    """Questions each with its answer in the next line; the prompt has begun the first."""
    for question, answer in _PAIR.findall(output if _ASKED.match(output) else f"Question: {output}"):
        yield question, _FULL_STOP.sub("", answer.strip())


def _names_something(question: str, passage: Passage) -> bool:
    """ "What is the capital?" can be answered only beside its passage; scripts without capitals are let off."""
    return bool(says(question, main_name(passage.title)) or _NAME.search(question) or is_spaceless(question))


def _line(text: str) -> str:
    """The beginning of `text`, as one line without control text."""
    return nearest(" ".join(_CONTROL.sub(" ", text).split()), "", (), CHARACTERS)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _numbered(texts: Iterable[str]) -> str:
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))


def _answered(questions: Iterable[Told]) -> str:
    return "\n".join(f"Question: {question}\nAnswer: {answer}" for question, answer in questions)


_SHOWN = frozenset(
    normalise(text)
    for each in (*SHORT, *LONG)
    for text in (each.text, each.summary, *each.restatements, *(question for question, _ in each.questions))
    if text
)
