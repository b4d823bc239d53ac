"""Small components that keep every rule, for others to break one of."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import Field

import toy
from cem_toolkit.api import (
    Attempt,
    CemError,
    Context,
    Evaluator,
    Hit,
    Miner,
    Mistake,
    Mixer,
    Model,
    Options,
    Passage,
    Rewrite,
    Rewriter,
    Row,
    Source,
    Trainer,
    content_id,
    question_id,
)

ENTRIES = {
    title: f"{title} is a word of which this glossary tells much."
    for title in ("Paris", "Danube", "insulin", "byte", "Edo", "lion")
}


class GlossaryOptions(Options):
    entries: dict[str, str] = Field(ENTRIES, description="Terms with their explanations.")
    file: Path | None = Field(None, description="A file with more of them.")
    most: int = Field(5, ge=1, description="At most so many of them.")


class GoodSource(Source):
    name, version = "glossary", "1"
    Options = GlossaryOptions

    def check(self, ctx: Context) -> None:
        if self.options.file and not (ctx.config_folder / self.options.file).is_file():
            raise CemError(f"glossary: file: {self.options.file} is not there")

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        hits: dict[str, list[Hit]] = {}
        with ctx.progress("retrieve", len(mistakes)) as step:
            for mistake in mistakes:
                step.advance()
                for query in mistake.queries:
                    if query in self.options.entries:
                        hits.setdefault(query, []).append(Hit(mistake_id=mistake.id, query=query, score=1.0))
        passages = [self.passage(term, found) for term, found in hits.items()]
        for passage in passages:
            ctx.found(passage.hits[0].mistake_id, [passage])
        return passages

    def sample(self, count: int, ctx: Context) -> Iterable[Passage]:
        terms = sorted(self.options.entries)
        return [self.passage(term) for term in Random(ctx.seed).sample(terms, min(count, len(terms)))]  # noqa: S311

    def documents(self, ctx: Context) -> Iterator[Passage]:
        return map(self.passage, self.options.entries)

    def passage(self, term: str, hits: Sequence[Hit] = (), **changes: Any) -> Passage:
        fields: dict[str, Any] = {"text": self.options.entries[term], "title": term, "source": self.name}
        return Passage.make(**{**fields, "licence": "own", "hits": tuple(hits), **changes})


class GoodMiner(Miner):
    name, version = "all-wrong", "1"

    def mine(self, attempts: Sequence[Attempt], ctx: Context) -> Iterable[Mistake]:
        return [
            Mistake(
                id="m-" + content_id(attempt.task, attempt.id),
                attempt_id=attempt.id,
                task=attempt.task,
                kind="knowledge",
                question=attempt.question,
                choices=attempt.choices,
                queries=(attempt.question, *attempt.choices),
            )
            for attempt in attempts
            if not attempt.correct
        ]


class GoodRewriter(Rewriter):
    name, version = "echo", "1"

    def alone(self) -> bool:
        return True

    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterable[Rewrite]:
        return [Rewrite.make(passage_id=each.id, kind="restatement", text=each.text) for each in passages]


class GoodMixer(Mixer):
    name, version = "plain", "1"

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterable[Row]:
        return [
            Row.make(kind="passage", prompt="", completion=each.text, parents=(each.id, each.hits[0].mistake_id))
            for each in passages
        ]


class GoodEvaluator(Evaluator):
    """Answers every question with its first choice."""

    name, version = "first", "1"

    def check_tasks(self, tasks: Sequence[str], ctx: Context) -> None:
        for task in tasks:
            if not (ctx.config_folder / task).is_file():
                raise CemError(f"no question file {task}")

    def fingerprint_tasks(self, tasks: Sequence[str], ctx: Context) -> str:
        return content_id(*(Path(task).read_text() for task in tasks))

    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        return {Path(task).stem: (len(self.read(task)), 10) for task in tasks}

    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        return [self.attempt(task, row) for task in tasks for row in self.read(task)]

    def read(self, task: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(task).read_text().splitlines()]

    def attempt(self, task: str, row: Mapping[str, Any], **changes: Any) -> Attempt:
        gold = row["choices"][row["answer"]]
        fields: dict[str, Any] = {
            "id": question_id(row["question"], row["choices"]),
            "task": Path(task).stem,
            "question": row["question"],
            "choices": tuple(row["choices"]),
            "gold": gold,
            "answer": row["choices"][0],
            "correct": row["answer"] == 0,
            "prompt": row["question"],
            "completion": f" {gold}",
        }
        return Attempt(**(fields | changes))

    def score(self, pairs: Sequence[tuple[str, Sequence[str]]], ctx: Context) -> list[tuple[float, ...]]:
        return [tuple(-float(len(text)) for text in texts) for _, texts in pairs]

    def generate(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        return [prompt[:max_tokens] for prompt in prompts]


class GoodTrainer(Trainer):
    """In the toy world; all but loading the result."""

    name, version = "toy", "1"

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        with ctx.progress("train", len(rows)) as step:
            for _ in rows:
                step.advance()
        toy.write_model(ctx.folder / "model", [row.completion for row in rows])
        return {"rows": len(rows)}

    def count_tokens(self, texts: Sequence[str], ctx: Context) -> list[int]:
        return [len(text.split()) for text in texts]


def toy_model(folder: Path) -> Model:
    from cem_toolkit.models import fingerprint

    shutil.rmtree(folder, ignore_errors=True)
    path = toy.write_model(folder, [])
    return Model(name="toy", path=path, fingerprint=fingerprint(path))
