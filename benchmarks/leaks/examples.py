"""The labelled set: texts that leak a Factbook question and texts that do not, each with its kind.

Made from the World Factbook (cem-embedded), Wikipedia's summaries (cem-wiki) and `phrasings.yaml`.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from babel import Locale

from cem_embedded.factbook import make_questions
from cem_toolkit.api import Attempt, Passage, Rewrite, normalise, question_id
from cem_toolkit.builtin.forms import PLAIN
from cem_toolkit.builtin.general import read_general
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.builtin.rows import QuestionRows
from cem_toolkit.builtin.rules import Rules, RulesOptions
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki

PHRASINGS: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("phrasings.yaml").read_text(encoding="utf-8")
)
LANGUAGES = ("fr", "es", "de")
RELIGIONS = {
    "Islam": ("islam", "islam", "Islam"),
    "Catholicism": ("catholicisme", "catolicismo", "Katholizismus"),
    "Protestantism": ("protestantisme", "protestantismo", "Protestantismus"),
    "Orthodox Christianity": ("christianisme orthodoxe", "cristianismo ortodoxo", "orthodoxes Christentum"),
    "Christianity": ("christianisme", "cristianismo", "Christentum"),
    "Buddhism": ("bouddhisme", "budismo", "Buddhismus"),
    "Hinduism": ("hindouisme", "hinduismo", "Hinduismus"),
    "Judaism": ("judaïsme", "judaísmo", "Judentum"),
}


@dataclass(frozen=True)
class Question:
    """A Factbook question, its relation, and what it names."""

    attempt: Attempt
    relation: str
    subject: str
    besides: str

    @property
    def half(self) -> str:
        return str(PHRASINGS[self.relation]["half"])

    def fill(self, template: str) -> str:
        text = template.format(x=self.subject, y=self.besides, a=self.attempt.gold)
        return text[0].upper() + text[1:]


@dataclass(frozen=True)
class Example:
    """A text and the questions that it asks and answers, by id: none, for a text that leaks nothing."""

    kind: str
    prompt: str
    completion: str
    asks: frozenset[str] = frozenset()


def read_questions() -> list[Question]:
    made = []
    for row in make_questions():
        match = re.fullmatch(PHRASINGS[row["relation"]]["question"], row["question"])
        assert match, row["question"]  # noqa: S101
        named = match.groupdict()
        gold = row["choices"][row["answer"]]
        attempt = Attempt(
            id=question_id(row["question"], row["choices"]),
            task="factbook",
            group=row["group"],
            question=row["question"],
            choices=tuple(row["choices"]),
            gold=gold,
            answer="",
            correct=False,
            prompt=f"Question: {row['question']}\nAnswer:",
            completion=f" {gold}",
        )
        made.append(Question(attempt, row["relation"], named["x"], named.get("y") or "its former ruler"))
    return made


def leaking(question: Question) -> Iterator[Example]:
    """Texts that ask `question` and give its answer."""
    given, gold = PHRASINGS[question.relation], question.attempt.gold
    ways = [("verbatim", question.attempt.question), *(("reordered", each) for each in given["reordered"])]
    ways += [("paraphrased", each) for each in given["paraphrased"]]
    for number, (kind, way) in enumerate(ways):
        yield _example(kind, question, question.fill(way) if number else way, gold, question.attempt.choices)
    for told in given["statement"]:
        yield _example("cloze", question, f"Fill in the blank: {question.fill(told.replace('{a}', '_____'))}", gold)
        if "reversed" in given:  # not of borders: asked that way, it is a question about either country
            yield _example("true or false", question, f"True or false? {question.fill(told)}", "True")
    for language in LANGUAGES:
        named = {"x": _translate(question.subject, language), "y": _translate(question.besides, language)}
        answer, *choices = (_translate(each, language) for each in (gold, *question.attempt.choices))
        yield _example(f"translated ({language})", question, given[language].format(**named), answer, choices)


def harmless(question: Question) -> Iterator[Example]:
    """Texts about the same subject that give the answer and do not ask `question`."""
    given = PHRASINGS[question.relation]
    for told in given["statement"]:
        yield Example("statement of the fact", "", question.fill(told))
        prompt = f"Write a sentence about {question.subject}."
        yield Example("statement, as a completion", prompt, f" {question.fill(told)}")
    for other in given["near_miss"]:
        made = _example(
            "another question, same subject and answer", question, question.fill(other), question.attempt.gold
        )
        yield Example(made.kind, made.prompt, made.completion)
    if "reversed" not in given:  # borders: turned round, it is a question of the set
        return
    subject = question.subject.removeprefix("the ")
    made = _example("the question reversed", question, question.fill(given["reversed"]), subject)
    yield Example(made.kind, made.prompt, made.completion)


def unrelated(questions: Sequence[Question]) -> Iterator[Example]:
    """The general rows, the passages that a run retrieves for `questions`, and the rows that rules make of those."""
    for row in read_general(None):
        yield Example("general row", row.prompt, row.completion)
    ctx = make_context(Path(tempfile.mkdtemp()))
    mistakes = list(CemMiner().mine([question.attempt for question in questions], ctx))
    passages = list(Wiki().retrieve(mistakes, ctx))
    rules = Rules(RulesOptions(statements=0, questions=4, blanks=2))
    made: dict[str, list[Rewrite]] = {}
    for rewrite in rules.rewrite(passages, make_context(Path(tempfile.mkdtemp()))):
        made.setdefault(rewrite.passage_id, []).append(rewrite)
    builder = QuestionRows(made, seed=0)
    for passage in passages:
        told = f"{passage.title}\n{passage.text}"
        stated = any(_holds(told, question.subject, question.attempt.gold) for question in questions)
        kind = "Wikipedia passage with subject and answer" if stated else "other Wikipedia passage"
        yield Example(kind, "", told)
        yield from _ruled(builder, passage, questions)


def _ruled(builder: QuestionRows, passage: Passage, questions: Sequence[Question]) -> Iterator[Example]:
    """Rows that rules make of a passage. One asks a question by its key words, its subject and its answer."""
    normative, extractive = builder.make(passage, PLAIN, (passage.id,))
    for name, rows in (("normative", normative), ("extractive", extractive)):
        for row in (told.row for told in rows):
            asked = row.prompt.rpartition("Question:")[2]
            asks = frozenset(
                question.attempt.id
                for question in questions
                if _holds(asked, question.subject)
                and re.search(PHRASINGS[question.relation]["asks"], asked, re.IGNORECASE)
                and normalise(question.attempt.gold) == normalise(row.completion)
            )
            kind = f"{name} row, made by rules"
            yield Example(f"{kind}, that asks it" if asks else kind, row.prompt, row.completion, asks)


def _example(kind: str, question: Question, text: str, answer: str, choices: Sequence[str] = ()) -> Example:
    """A question with its answer, as one of four kinds of text."""
    asks = frozenset([question.attempt.id])
    form = int(hashlib.sha256(f"{kind}|{text}".encode()).hexdigest(), 16) % 4
    if form == 0:
        return Example(kind, "", f"{text} {answer}", asks)
    if form == 1:
        return Example(kind, "", f"Pub quiz, round 7.\nQ: {text}\nA: {answer}", asks)
    if form == 2 and answer in choices:
        turned = [*choices[1:], choices[0]]
        shown = "".join(f"\n{label}. {choice}" for label, choice in zip("ABCD", turned, strict=False))
        return Example(kind, f"{text}{shown}\nAnswer:", f" {'ABCD'[turned.index(answer)]}", asks)
    return Example(kind, f"Question: {text}\nAnswer:", f" {answer}", asks)


def _holds(text: str, *parts: str) -> bool:
    whole = f" {normalise(text)} "
    return all(f" {normalise(part.removeprefix('the '))} " in whole for part in parts)


def _translate(name: str, language: str) -> str:
    """A country's, language's or religion's name by CLDR and by hand; other names stay as they are."""
    english, other = Locale("en"), Locale(language)
    plain = name.removeprefix("the ").strip()
    for known, theirs in ((english.territories, other.territories), (english.languages, other.languages)):
        for code, called in known.items():
            if called == plain and code in theirs:
                return str(theirs[code])
    return RELIGIONS[plain][LANGUAGES.index(language)] if plain in RELIGIONS else plain
