"""The records that flow through the loop, each naming its parents.

    Attempt --mine--> Mistake --retrieve--> Passage --mix--> Row --train--> Model --evaluate--> Attempt

All are frozen and JSON-safe: one JSON object a line on disk, with the same fields and types in every line, so that
`datasets.load_dataset("json")`, `jq` and `less` read them alike.
"""

import dataclasses
import hashlib
import types
import typing
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from cem_toolkit.errors import CemError

Split = Literal["", "mined", "selection", "stopping", "held_out", "sibling", "general"]
Part = Literal["", "train", "test"]
MistakeKind = Literal["knowledge", "schema", "doubtful_key", "unsure"]
"""Why an answer is wrong: the model does not know (knowledge), fails at the form (schema), the task's key is doubted
(doubtful_key), or the evidence is mixed (unsure)."""
RowKind = Literal["passage", "normative", "extractive", "review", "general", "preference", "forget"]
"""Pre-training text (passage), a question with its answer (normative), the same with a passage before it (extractive),
what was answered rightly already (review), and what is about nothing in particular (general). Only for trainers that
say so in `kinds`: one answer rather than another (preference), and what is to be unlearnt (forget)."""
RewriteKind = Literal["restatement", "summary", "link", "question", "definition", "cloze", "reversed"]
"""Restatement, summary and link (what a passage says of another's subject, with what that one says of it) are
statements. Question, definition (what something is), cloze and reversed (what the passage is about is asked for) are
questions with their answers; the wrong choices of one are answers of the same kind."""


@cache
def _kept(character: str) -> str:
    """A letter, mark or number as it is; a space for anything else. (`\\w` would part words at Indic vowel signs.)"""
    return character if unicodedata.category(character)[0] in "LMN" else " "


def normalise(text: str) -> str:
    """`text` in lower case, compatibility-composed, with punctuation and runs of white space as one space."""
    return " ".join("".join(map(_kept, unicodedata.normalize("NFKC", text).casefold())).split())


def content_id(*parts: str) -> str:
    """A stable 16-digit hexadecimal id of `parts`, the same on every machine."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def question_id(question: str, choices: Iterable[str] = ()) -> str:
    """The id of a question: a hash of its normalised text and of its choices in any order."""
    return content_id(normalise(question), *sorted(normalise(choice) for choice in choices))


def field_names(cls: type["Record"]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of a record's fields, and of those that it cannot lack."""
    fields = dataclasses.fields(cls)
    required = (field.name for field in fields if field.default is dataclasses.MISSING)
    return frozenset(field.name for field in fields), frozenset(required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all records share: reading from and writing to plain JSON objects."""

    id: str
    """A hash of what the record is about, the same on every machine; see its `make`."""

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises CemError where fields are missing or unknown."""
        if not isinstance(data, Mapping):
            raise CemError(f"a {cls.__name__} record is an object, not {type(data).__name__}")
        names, required = field_names(cls)
        missing, unknown = required - data.keys(), data.keys() - names
        if missing or unknown:
            said = [f"lacks {name!r}" for name in sorted(missing)] + [
                f"has unknown {name!r}" for name in sorted(unknown)
            ]
            raise CemError(f"a {cls.__name__} record {' and '.join(said)}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        record = cls(**values)
        record.check()
        return record

    def check(self) -> None:
        """Raises CemError where a field is not of its type: what plugins return and files hold is not trusted."""
        for name, kind, fits in _field_checks(type(self)):  # type: ignore[arg-type]
            if not fits(getattr(self, name)):
                given = repr(getattr(self, name))[:60]
                raise CemError(f"a {type(self).__name__} record has a {name!r} that is no {kind}: {given}")


@cache
def _field_checks(cls: type[Any]) -> tuple[tuple[str, str, Callable[[Any], bool]], ...]:
    """Of each field its name, what it should be, and what tells whether a value is that."""
    hints = typing.get_type_hints(cls)
    return tuple((field.name, _kind(hints[field.name]), _fits(hints[field.name])) for field in dataclasses.fields(cls))


def _kind(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")


def _fits(hint: Any) -> Callable[[Any], bool]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in arguments
    if origin is tuple:
        item = _fits(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(item, value))
    if origin in (typing.Union, types.UnionType):
        ways = [_fits(each) for each in arguments]
        return lambda value: any(way(value) for way in ways)
    if hint in (int, float):  # JSON has one kind of number, and bool is an int
        number = (int, float) if hint is float else int
        return lambda value: isinstance(value, number) and not isinstance(value, bool)
    checks = _field_checks(hint) if dataclasses.is_dataclass(hint) else ()  # type: ignore[arg-type]
    return lambda value: isinstance(value, hint) and all(fits(getattr(value, name)) for name, _, fits in checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Record):
    """One question as one model answered it. `id` is the question's (`question_id`), the same in every round.

    A question is multiple choice when it has `choices`, else free text.
    """

    task: str
    """The task's name, as the evaluator reports it."""
    split: Split = ""
    """Given by the core, never by an evaluator."""
    part: Part = ""
    """The task's own part that the question comes from, where both parts are asked: then only those of its training
    part may steer the run."""
    group: str = ""
    """Questions of one group share knowledge (several about one article), or "" where nothing is known of it."""
    question: str
    """The question alone, without few-shot examples, choices or template."""
    choices: tuple[str, ...] = ()
    """What can be chosen, in the task's order; none where the answer is free text."""
    gold: str
    """The right answer's text; for multiple choice one of `choices`."""
    answer: str
    """The model's answer's text; for multiple choice one of `choices`."""
    correct: bool
    """Whether the task's metric calls the answer right."""
    scores: tuple[float, ...] = ()
    """The log-likelihood of every choice, in nats, in the order of `choices`."""
    prompt: str
    """The question as the task phrases it for the model, without few-shot examples and without chat template."""
    completion: str
    """What should follow `prompt` exactly: the delimiter and the right answer as the task phrases it."""
    right_under: tuple[str, ...] = ()
    """Other metrics, extractions or normalisations under which the same output counts as right."""
    weight: float = 1.0
    """How many questions of its split it stands for: more than 1 where it was drawn from such as were not all asked
    again (`retest`). Given by the core, never by an evaluator."""

    @property
    def margin(self) -> float:
        """Score of the right choice less that of the best other, in nats; below 0 where the model prefers another.

        0.0 where there are no scores to compare.
        """
        if len(self.scores) < 2 or self.gold not in self.choices:
            return 0.0
        gold = self.choices.index(self.gold)
        return self.scores[gold] - max(score for index, score in enumerate(self.scores) if index != gold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake(Record):
    """A question answered wrongly, with what to look up about it. It carries no gold answer: nothing that follows it
    may see one."""

    attempt_id: str
    """The question's id."""
    task: str
    """The task's name."""
    kind: MistakeKind
    """Why the answer is wrong, as the miner judges it."""
    question: str
    """The question alone, as in the attempt."""
    choices: tuple[str, ...] = ()
    """All choices alike, as in the attempt."""
    queries: tuple[str, ...]
    """Search keys, most telling first."""
    margin: float = 0.0
    """`Attempt.margin`, in nats: the further below 0, the surer the model was of its wrong answer."""
    agreement: float | None = None
    """Share of the other ways of asking (shuffled choices, other prompts) in which the model gave the same wrong
    answer; None where it was not asked again."""
    evidence: tuple[str, ...] = ()
    """What speaks for its kind, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """That `query`, asked for the mistake `mistake_id`, found a passage with `score` (higher is better)."""

    mistake_id: str
    """The mistake that the text was found for."""
    query: str
    """One of its queries."""
    score: float
    """How well the text fits, on the source's own scale; higher is better. A mistake's passages are ranked by the sum
    of their hits' scores."""
    flips: bool | None = None
    """Whether the model answers rightly with the passage before the question (the open-book test). Filled by the
    core; None where it was not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Record):
    """A piece of retrieved text, with where it is from and which mistakes' queries found it."""

    text: str
    """Plain text, without markup."""
    title: str
    """What it is about: the page's title."""
    source: str
    """The knowledge source's name."""
    url: str = ""
    """Where a reader finds the page, or "" where it has no address."""
    revision: str = ""
    """The revision or snapshot of the page, as its source states it."""
    licence: str
    """Under which terms the text may be used, such as `CC BY-SA 4.0`."""
    hits: tuple[Hit, ...]
    """Which queries of which mistakes found it; none where it was drawn at random."""
    weight: float = 1.0
    """How much its source counts beside the others (`weights`). Given by the core, never by a source."""

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """A passage with its id: a hash of source, title, revision and text."""
        key = (fields["source"], fields["title"], fields.get("revision", ""), fields["text"])
        return cls(id="p-" + content_id(*key), **fields)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises CemError where fields are missing or unknown."""
        hits = data.get("hits") if isinstance(data, Mapping) else None
        if isinstance(hits, list):
            data = {**data, "hits": [Hit(**hit) if isinstance(hit, dict) else hit for hit in hits]}
        return super(Passage, cls).from_json(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Record):
    """How the model answers a mistake's question with a passage before it: the open-book test."""

    mistake_id: str
    """The mistake that was asked again."""
    passage_id: str
    """The passage that was put before it."""
    rank: int
    """Of the passage among those found for the mistake; 0 is the best."""
    shown: str
    """The part of the passage that was put before the question."""
    answer: str
    """What the model answers with the passage before the question."""
    correct: bool
    """Whether that is right."""
    margin: float
    """In nats, with the passage shown: score of the right choice less that of the best other."""
    closed_margin: float
    """The same without the passage, in the same form of prompt."""
    control: bool = False
    """Whether the passage was found for another mistake; its rank is then 0."""

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """A reading with its id: a hash of mistake and passage."""
        return cls(id="o-" + content_id(fields["mistake_id"], fields["passage_id"]), **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite(Record):
    """What a passage says, alone or together with a second one, said otherwise: a statement, or a question that the
    passage answers."""

    passage_id: str
    """The passage that it was made of."""
    kind: RewriteKind
    """Whether it is a statement or a question, and of which kind."""
    text: str
    """The statement; of a question the answer."""
    question: str = ""
    """What is asked, or "" for a statement."""
    linked_id: str = ""
    """The second passage that it was made of, where there is one."""

    @property
    def passage_ids(self) -> tuple[str, ...]:
        """All passages that it was made of."""
        return (self.passage_id, self.linked_id) if self.linked_id else (self.passage_id,)

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """A rewrite with its id: a hash of passage, question and text, and of the second passage where there is one."""
        linked = (fields["linked_id"],) if fields.get("linked_id") else ()
        key = (fields["passage_id"], fields.get("question", ""), fields["text"], *linked)
        return cls(id="w-" + content_id(*key), **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """One training example. The loss is on all of `completion` and on nothing of `prompt`; pre-training text has no
    prompt."""

    kind: RowKind
    """What sort of row it is; budgets and weights go by it."""
    prompt: str
    """What the model is shown, without a loss; "" for pre-training text."""
    completion: str
    """What the model learns to write after `prompt`; of kind forget, what it is to write no more."""
    parents: tuple[str, ...]
    """Ids of the passages, mistakes and attempts that it was made from."""
    own_pairs: tuple[str, ...] = ()
    """Ids of the questions whose own question and answer stand in this row."""
    weight: float = 1.0
    """How often the row is seen in one pass over the data; fractions are rounded at random by the seed."""
    tokens: int = 0
    """Filled by the core, in the tokens of the run's model."""
    rejected: str = ""
    """Of kind preference: what the model is to prefer `completion` to."""

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """A row with its id: a hash of kind, prompt, completion and parents, and of what is rejected where there is
        such."""
        rejected = (fields["rejected"],) if fields.get("rejected") else ()
        key = (fields["kind"], fields["prompt"], fields["completion"], *rejected, *fields["parents"])
        return cls(id="r-" + content_id(*key), **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A causal language model on disk: a folder as transformers writes it, safetensors only."""

    name: str
    """As the user named it, or the run and round that made it."""
    path: Path
    """The folder."""
    fingerprint: str
    """A hash of the weights, the configuration and the tokenizer (and of the adapter)."""
    adapter: Path | None = None
    """A folder with a PEFT adapter to be loaded over `path`, where one is kept unmerged."""
