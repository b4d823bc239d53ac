"""Synthetic questions and articles of realistic length, and toy components whose own cost is next to nothing."""

import json
import random
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from cem_toolkit.api import (
    Attempt,
    Context,
    Evaluator,
    Hit,
    Mistake,
    Passage,
    Row,
    Source,
    Trainer,
    hookimpl,
    question_id,
)

ASKED = ("capital", "founder", "largest river", "main port", "oldest newspaper")
TOLD = ("highest mountain", "national anthem", "first university", "patron saint", "longest railway")
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
TOGETHER = 5
"""So many questions are about one thing, and make a group."""
COMMON = 10
"""So many pages are found for every tenth mistake."""
WORDS = 75
"""Of an article, about as many as a summary of Wikipedia has (cem-wiki's data: 77 on average)."""


def name(number: int) -> str:
    """A name of its own for every number below 24 million, without any order."""
    rest, parts = number * 7_368_787 % len(SYLLABLES) ** 4, []
    for _ in range(4):
        rest, place = divmod(rest, len(SYLLABLES))
        parts.append(SYLLABLES[place])
    return "".join(parts).capitalize()


def _words() -> list[str]:
    """Running text, common words more often, as in a language."""
    made = random.Random(0)  # noqa: S311 (not for secrets)
    known = ["".join(made.choices(SYLLABLES, k=2 + number % 3)) for number in range(50_000)]
    return made.choices(known, [1 / (rank + 3) for rank in range(len(known))], k=1_000_003)


STREAM = _words()


def text(number: int, words: int) -> str:
    start = number * 613 % (len(STREAM) - words)
    return " ".join(STREAM[start : start + words])


def article(number: int, thing: str, answer: str) -> str:
    """States an answer, asks nothing, and tells something of which rules can make a question."""
    told, pieces = TOLD[number % len(TOLD)], [text(3 * number + part, WORDS // 5 - 2) for part in range(5)]
    sentences = [f"{piece.capitalize()}." for piece in pieces]
    sentences.insert(1, f"The {told} of {thing} is {name(20_000_000 + number % 1_000_000)}.")
    sentences.insert(3, f"{text(number, 3).capitalize()} {answer} {text(number + 1, 3)}.")
    return f"{thing} {text(7 * number, 3)}. {' '.join(sentences)}"


def question(number: int) -> tuple[str, tuple[str, ...], str]:
    """A question, its choices, and the right one. One in fifty has the same answer as others."""
    thing, asked = name(number // TOGETHER), ASKED[number % len(ASKED)]
    choices = [name(10_000_000 + 4 * number + place) for place in range(4)]
    if number % 50 == 0:
        choices[3] = "All of the above"
    gold = choices[3 if number % 50 == 0 else number % 4]
    return f"What is the {asked} of {thing}, the {text(number, 6)}?", tuple(choices), gold


def passages(count: int, mistakes: Sequence[str]) -> Iterator[Passage]:
    """Of `count` articles, each found for one of `mistakes`."""
    for number in range(count):
        thing = name(number)
        hit = Hit(mistake_id=mistakes[number % len(mistakes)], query=thing, score=1 / (1 + number % 7))
        body = article(number, thing, name(10_000_000 + number))
        yield Passage.make(text=body, title=thing, source="articles", licence="CC0", hits=(hit,))


def attempts(count: int, turn: int = 0) -> Iterator[Attempt]:
    """As the model of round `turn` answers: three of five rightly at first, and in each round a tenth is drawn anew."""
    for number in range(count):
        asked, choices, gold = question(number)
        drawn = [0, *(each for each in range(1, turn + 1) if crc32(f"{number} {each}".encode()) % 10 == 0)][-1]
        right = crc32(f"{drawn} {number}".encode()) % 100 < (60 if not drawn else 70)
        place = choices.index(gold)
        answer = place if right else (place + 1) % len(choices)
        yield Attempt(
            id=question_id(asked, choices),
            task="synthetic",
            group=f"group {number // TOGETHER}",
            question=asked,
            choices=choices,
            gold=gold,
            answer=choices[answer],
            correct=right,
            scores=tuple(-1.0 if index == answer else -2.0 - index - number % 5 for index in range(len(choices))),
            prompt=f"Question: {asked}\nAnswer:",
            completion=f" {gold}",
        )


def write_model(folder: Path, turn: int) -> Path:
    """A folder that passes for the model of round `turn`."""
    folder.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"__metadata__": {"turn": str(turn)}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (folder / "config.json").write_text('{"model_type": "toy"}')
    (folder / "tokenizer.json").write_text("{}")
    return folder


class ToyEvaluator(Evaluator):
    """Asks as many questions as its task is called: "1000"."""

    name, version = "scaling-eval", "1"

    def check_tasks(self, tasks: Sequence[str], ctx: Context) -> None: ...

    def fingerprint_tasks(self, tasks: Sequence[str], ctx: Context) -> str:
        return ",".join(tasks)

    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        return {task: (int(task), 100 * int(task)) for task in tasks}

    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        return attempts(sum(map(int, tasks)), ctx.round)

    def score(self, pairs: Sequence[tuple[str, Sequence[str]]], ctx: Context) -> list[tuple[float, ...]]:
        return [tuple(-1.0 - (len(prompt) + place) % 4 for place in range(len(ends))) for prompt, ends in pairs]


class ToySource(Source):
    """Finds three articles for every two mistakes, and for each one of a few that thousands have in common."""

    name, version = "scaling-articles", "1"

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        common: dict[int, list[Hit]] = {}
        for start in range(0, len(mistakes), 2):
            pair = mistakes[start : start + 2]
            thing = re.findall(r" of (\w+),", pair[0].question)[0]
            for part in range(3):
                number = crc32(f"{thing} {part}".encode()) % 10_000_000
                hits = [hit for each in pair for hit in _hits(each, 1 / (1 + part))]
                yield _page(number, thing, pair[0].choices[part], f"{thing} {part}", hits)
            for each in pair:
                common.setdefault(crc32(each.id.encode()) % COMMON, []).extend(_hits(each, 0.6))
        for number, hits in common.items():
            yield _page(number, name(number), name(number), name(number), hits)


def _hits(mistake: Mistake, score: float) -> list[Hit]:
    return [Hit(mistake_id=mistake.id, query=query, score=score) for query in mistake.queries[:2]]


def _page(number: int, thing: str, answer: str, title: str, hits: Sequence[Hit]) -> Passage:
    body = article(number, thing, answer)
    return Passage.make(text=body, title=title, source=ToySource.name, licence="CC0", hits=tuple(hits))


class ToyTrainer(Trainer):
    name, version = "scaling-train", "1"

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        write_model(ctx.folder / "model", ctx.round)
        return {"losses": [[step, 2 / step] for step in range(1, 101)]}

    def count_tokens(self, texts: Sequence[str], ctx: Context) -> list[int]:
        return [len(each) // 4 for each in texts]


class ToyPlugin:
    @hookimpl
    def cem_register_evaluators(self) -> list[type[Evaluator]]:
        return [ToyEvaluator]

    @hookimpl
    def cem_register_sources(self) -> list[type[Source]]:
        return [ToySource]

    @hookimpl
    def cem_register_trainers(self) -> list[type[Trainer]]:
        return [ToyTrainer]
