"""Question files: reading them with every mistake named by its line, so that no task has to be written by hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Literal

from cem_lm_eval.rows import read_rows
from cem_toolkit.api import CemError, normalise, parse_json, question_id

PROMPT = "Question: {question}\nAnswer:"
DELIMITER = " "

Part = Literal["", "train", "test"]


@dataclass(frozen=True)
class Question:
    """One question of a file. It is multiple choice when it has `choices`, else free text."""

    place: str
    """Where it stands in the file, such as "line 3"."""
    question: str
    choices: tuple[str, ...]
    gold: str
    """The right answer's text; for multiple choice one of `choices`."""
    group: str
    part: Part = ""
    """What the column `split` says."""

    @property
    def id(self) -> str:
        return question_id(self.question, self.choices)

    @property
    def prompt(self) -> str:
        return PROMPT.format(question=self.question)


@dataclass(frozen=True)
class QuestionFile:
    """The distinct questions of a file, and how many rows were left out because they say the same again."""

    path: Path
    questions: tuple[Question, ...]
    duplicates: int

    @property
    def parts(self) -> dict[Part, list[Question]]:
        """The questions by the part that the file says they are of; what is only reported comes first."""
        parts: dict[Part, list[Question]] = {"": [], "test": [], "train": []}
        for question in self.questions:
            parts[question.part].append(question)
        return {part: questions for part, questions in parts.items() if questions}

    @property
    def is_multiple_choice(self) -> bool:
        return bool(self.questions[0].choices)


def read_questions(path: Path) -> QuestionFile:
    """All questions of the file `path` (.jsonl, .csv or .parquet).

    Raises CemError naming file and line where a row is no usable question, where two rows contradict each other, and
    where there is no question at all.
    """
    kept: list[Question] = []
    seen: dict[str, Question] = {}
    duplicates = 0
    for place, row in read_rows(path):
        try:
            question = _parse(place, row, typed=path.suffix.lower() != ".csv")
        except CemError as error:
            raise CemError(f"{path}, {place}: {error}") from error
        if kept and bool(question.choices) != bool(kept[0].choices):
            which = "no choices" if kept[0].choices else "choices"
            raise CemError(
                f"{path}, {place}: has {which}, unlike {kept[0].place}; put multiple choice and free text in two files"
            )
        if kept and bool(question.part) != bool(kept[0].part):
            which = "no split" if kept[0].part else "a split"
            raise CemError(f"{path}, {place}: has {which}, unlike {kept[0].place}; fill in the column for all or none")
        earlier = seen.setdefault(question.id, question)
        if earlier is not question:
            if normalise(earlier.gold) == normalise(question.gold):
                duplicates += 1
                if (earlier.part, question.part) == ("train", "test"):  # what is in both parts is not to be mined
                    kept[kept.index(earlier)] = seen[question.id] = question
                continue
            if _same_text(earlier, question):
                raise CemError(
                    f"{path}, {place}: the same question as {earlier.place} with another answer "
                    f"({question.gold!r} against {earlier.gold!r}); remove the wrong one"
                )
        kept.append(question)
    if not kept:
        raise CemError(f"{path}: holds no questions; each needs a question, its choices and the answer")
    return QuestionFile(path, tuple(kept), duplicates)


def _same_text(one: Question, other: Question) -> bool:
    """Whether they differ in no more than case and white space: `normalise` also folds "5 + 3" and "5 - 3"."""

    def folded(text: str) -> str:
        return " ".join(text.casefold().split())

    return folded(one.question) == folded(other.question) and sorted(map(folded, one.choices)) == sorted(
        map(folded, other.choices)
    )


def _parse(place: str, row: Mapping[str, Any], typed: bool) -> Question:
    """`typed` says whether the file tells the number 2 from the text "2"."""
    for column in ("question", "answer"):
        if column not in row:
            raise CemError(f"no column {column!r}; the columns are {', '.join(map(repr, row)) or 'none'}")
    question = row["question"]
    if not isinstance(question, str) or not question.strip():
        raise CemError("the question is empty or not text; fill it in or remove the row")
    choices, labels = _choices(row)
    group = row.get("group")
    return Question(
        place=place,
        question=question,
        choices=choices,
        gold=_gold(row["answer"], choices, labels, typed),
        group="" if group is None else str(group),
        part=_part(row.get("split")),
    )


def _part(split: Any) -> Part:
    if split is None or split == "":
        return ""
    if split not in ("train", "test"):
        raise CemError(f"the split {split!r} is neither 'train' nor 'test'; rename it or leave the column out")
    part: Part = split
    return part


def _choices(row: Mapping[str, Any]) -> tuple[tuple[str, ...], Sequence[str]]:
    """The row's choices, empty for free text, and the column names that may stand for them in the answer."""
    labels: list[str] = []
    value = row.get("choices")
    if isinstance(value, str) and value.strip():
        try:
            value = parse_json(value)
        except ValueError:
            raise CemError('the choices are not a JSON list; write ["first", "second"]') from None
    if not value:
        labels = _choice_columns(row)
        value = [row[label] for label in labels]
        while value and (value[-1] is None or value[-1] == ""):
            value.pop()
    if not value:
        return (), ()
    if not isinstance(value, list) or not all(isinstance(choice, str | int | float) for choice in value):
        raise CemError("the choices are not a list of texts")
    choices = [str(choice) for choice in value]
    stripped = [choice.strip() for choice in choices]
    if len(choices) < 2:
        raise CemError("fewer than two choices; add some, or leave all out to make it a free-text question")
    if "" in stripped:
        raise CemError(f"choice {stripped.index('')} is empty; fill it in or take it out")
    if twice := {choice for choice in stripped if stripped.count(choice) > 1}:
        raise CemError(f"the choice {min(twice)!r} stands there twice; make the choices differ")
    return tuple(choices), labels


def _choice_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns choice_1, choice_2, … or else a, b, c, …, in this order, as far as they go without a gap."""
    for names in ([f"choice_{number}" for number in range(1, 27)], ascii_lowercase, ascii_uppercase):
        present = []
        for name in names:
            if name not in row:
                break
            present.append(name)
        if len(present) > 1:
            return present
    return []


def _gold(answer: Any, choices: Sequence[str], labels: Sequence[str], typed: bool) -> str:
    """The right answer's text. A number is an index into `choices` from 0, a text is a choice or a choice's column."""
    if not choices:
        if isinstance(answer, str | int | float) and not isinstance(answer, bool) and str(answer).strip():
            return str(answer)
        raise CemError("the answer is empty or not text; fill it in")
    stripped = [choice.strip() for choice in choices]
    found = set()
    if isinstance(answer, str):
        found |= {index for index, choice in enumerate(stripped) if choice == answer.strip()}
        lowered = [label.lower() for label in labels[: len(choices)]]
        found |= {index for index, label in enumerate(lowered) if label == answer.strip().lower()}
        if not (typed and found) and re.fullmatch(r"[0-9]{1,9}", answer.strip()):
            found |= {int(answer.strip())} & set(range(len(choices)))
    elif isinstance(answer, int) and not isinstance(answer, bool):
        found = {answer} & set(range(len(choices)))
    if len(found) > 1:
        raise CemError(
            f"the answer {answer!r} is one choice's text and another's index; "
            'use .jsonl, where 2 is an index and "2" a text'
        )
    if not found:
        raise CemError(
            f"the answer {answer!r} is none of the choices; give the index (0 to {len(choices) - 1}) or the text of one"
        )
    return choices[found.pop()]
