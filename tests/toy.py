"""A toy world for testing the core without torch: models that know facts, and plugins that teach them.

A toy model is a folder in the right form whose safetensors file has the facts it knows for a tensor.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

from pydantic import Field

from cem_toolkit.api import (
    Attempt,
    CemError,
    Context,
    Evaluator,
    Hit,
    Mistake,
    Mixer,
    Options,
    Passage,
    Row,
    Source,
    Trainer,
    hookimpl,
    question_id,
)
from cem_toolkit.builtin.mixer import CemMixer

CITIES = {f"Land{number}": f"Town{number}" for number in range(40)}


def write_model(folder: Path, facts: Sequence[str]) -> Path:
    """A folder that passes for a model, and knows `facts`."""
    folder.mkdir(parents=True, exist_ok=True)
    known = json.dumps(sorted(facts)).encode()
    tensor = {"dtype": "U8", "shape": [len(known)], "data_offsets": [0, len(known)]}
    header = json.dumps({"facts": tensor}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + known)
    (folder / "config.json").write_text('{"model_type": "toy"}')
    (folder / "tokenizer.json").write_text("{}")
    return folder


def read_facts(folder: Path) -> set[str]:
    data = (folder / "model.safetensors").read_bytes()
    return set(json.loads(data[8 + struct.unpack("<Q", data[:8])[0] :]))


class ToyEvaluator(Evaluator):
    """Asks for the capitals of `CITIES`; the model is right about what it knows and picks the first choice else."""

    name, version = "toy-eval", "1"
    calls: list[int] = []

    def check_tasks(self, tasks: Sequence[str], ctx: Context) -> None:
        for task in tasks:
            if not task.startswith("capitals"):
                raise CemError(f"unknown task {task!r}; did you mean 'capitals'?")

    def fingerprint_tasks(self, tasks: Sequence[str], ctx: Context) -> str:
        return ",".join(tasks)

    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        return {task: (len(CITIES), len(CITIES) * 10) for task in tasks}

    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        self.calls.append(ctx.round)
        known = read_facts(ctx.model.path)
        towns = list(CITIES.values())
        with ctx.progress("evaluate", len(CITIES)) as step:
            for index, (land, town) in enumerate(CITIES.items()):
                step.advance()
                for task in tasks:
                    question = f"What is the capital of {land} as {task} asks it?"
                    choices = (towns[index - 1], town)
                    right = town in known
                    yield Attempt(
                        id=question_id(question, choices),
                        task=task,
                        group=f"group {index % 10}",
                        question=question,
                        choices=choices,
                        gold=town,
                        answer=town if right else choices[0],
                        correct=right,
                        scores=(-1.0, 0.0 if right else -2.0),
                        prompt=f"Question: {question}\nAnswer:",
                        completion=f" {town}",
                    )

    def score(self, pairs: Sequence[tuple[str, Sequence[str]]], ctx: Context) -> list[tuple[float, ...]]:
        """As it answers; what stands in the prompt, followed by a comma, it knows as well."""
        known = read_facts(ctx.model.path)

        def one(prompt: str, continuations: Sequence[str]) -> tuple[float, ...]:
            if not prompt:
                return tuple(-float(len(text)) * (1.5 if len(known) < 10 else 1.0) for text in continuations)
            asked = re.findall(r"capital of (\w+)", prompt)
            town = CITIES.get(asked[-1]) if asked else None
            right = town if town in known or f"{town}," in prompt else None
            return tuple(0.0 if text.strip() == right else -1.0 - index for index, text in enumerate(continuations))

        return [one(*pair) for pair in pairs]


def land_of(mistake: Mistake) -> str:
    return mistake.question.split()[5]


class ToySource(Source):
    """Finds for every mistake a page that names the capital."""

    name, version = "toy-pages", "1"

    class Options(Options):
        leak: bool = Field(False, description="Also find a page that holds each question with its answer.")
        riddle: bool = Field(False, description="Also find a page that asks each question in other words.")
        stranger: bool = Field(False, description="Name a mistake that does not exist.")
        peeks: Path | None = Field(None, description="A folder with stored answers, to be read.")
        seconds: float = Field(0, description="How long it takes to look up a mistake; it tells what it finds then.")

    def sample(self, count: int, ctx: Context) -> Iterable[Passage]:
        for number in Random(ctx.seed).sample(range(1000), count):  # noqa: S311 (not for secrets)
            text = f"Hill{number} is a hill. Its height is {number} metres, without the tower."
            yield Passage.make(text=text, title=f"Hill{number}", source=self.name, licence="CC0", hits=())

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        for mistake in mistakes:
            land = land_of(mistake)
            hits = (Hit(mistake_id="m-none" if self.options.stranger else mistake.id, query=land, score=1.0),)
            text = f"{land} is a land. Its capital is {CITIES[land]}, by the sea."
            yield (found := Passage.make(text=text, title=land, source=self.name, licence="CC0", hits=hits))
            if self.options.seconds:
                sleep(self.options.seconds)
                ctx.found(mistake.id, [found])
            if self.options.peeks:
                (self.options.peeks / "attempts.jsonl").read_text()
            if self.options.leak:
                text = f"Quiz: {mistake.question} {CITIES[land]}!"
                yield Passage.make(text=text, title=f"Quiz {land}", source=self.name, licence="CC0", hits=hits)
            if self.options.riddle:
                text = f"From which town is {land} governed? {CITIES[land]}!"
                yield Passage.make(text=text, title=f"Riddle {land}", source=self.name, licence="CC0", hits=hits)


class ToyAtlas(ToySource):
    """Has copied the pages of the other source, and adds where a town lies."""

    name, version = "toy-atlas", "1"

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        for mistake in mistakes:
            land = land_of(mistake)
            hits = (Hit(mistake_id=mistake.id, query=land, score=1.0),)
            text = f"{land} is a land. Its capital is {CITIES[land]}, by the sea! {CITIES[land]} lies in {land}."
            yield Passage.make(text=text, title=f"Map of {land}", source=self.name, licence="CC0", hits=hits)


class ToyTrainer(Trainer):
    """The new model knows every town that stands in the rows."""

    name, version = "toy-train", "1"
    calls: list[int] = []

    class Options(Options):
        forgets: int = Field(0, description="How many of the old facts are lost.")
        fails: bool = Field(False, description="Raise instead of training.")

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        self.calls.append(ctx.round)
        if self.options.fails:
            (ctx.folder / "checkpoint").write_text("half done")
            raise RuntimeError("the trainer broke")
        text = " ".join(row.prompt + row.completion for row in rows)
        old = sorted(read_facts(ctx.model.path))[self.options.forgets :]
        learned = {town for town in CITIES.values() if f"{town}," in text}
        write_model(ctx.folder / "model", sorted({*old, *learned}))
        (ctx.folder / "checkpoint").unlink(missing_ok=True)
        return {"tokens": sum(row.tokens for row in rows)}

    def count_tokens(self, texts: Sequence[str], ctx: Context) -> list[int]:
        return [len(text.split()) for text in texts]


class ToyMixer(CemMixer):
    """Also makes a quiz of each mistake, and asks the leak guard first."""

    name, version = "toy-mix", "1"

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        yield from super().mix(passages, mistakes, attempts, ctx)
        quiz = [
            Row.make(kind="normative", prompt=f"{m.question}\n", completion=CITIES[land_of(m)], parents=(m.id,))
            for m in mistakes
        ]
        yield from ctx.screen_rows(quiz)


class SecondTrainer(ToyTrainer):
    name = "toy-train-2"


class ToyPlugin:
    @hookimpl
    def cem_register_evaluators(self) -> list[type[Evaluator]]:
        return [ToyEvaluator]

    @hookimpl
    def cem_register_sources(self) -> list[type[Source]]:
        return [ToySource, ToyAtlas]

    @hookimpl
    def cem_register_mixers(self) -> list[type[Mixer]]:
        return [ToyMixer]

    @hookimpl
    def cem_register_trainers(self) -> list[type[Trainer]]:
        return [ToyTrainer, SecondTrainer]
