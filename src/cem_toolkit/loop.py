"""The method: evaluate, mine, retrieve, mix, train, evaluate again.

Continue Evolving from Mistakes, arXiv 2404.08707. This module alone knows the order of the stages.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.leaks import Drop, LeakGuard
from cem_toolkit.models import fingerprint
from cem_toolkit.records import Attempt, Mistake, Model, Passage, Record, Row
from cem_toolkit.roles import Context
from cem_toolkit.run import Stage
from cem_toolkit.splits import assign
from cem_toolkit.stages import Stages
from cem_toolkit.store import read_records

GUARD_VERSION = "1"


def go_rounds(stages: Stages, model: Model) -> str:
    """All rounds of a run, from `model`. Returns why it ended before its last round, or ""."""
    start = evaluated = evaluate(stages, 0, model)
    questions = attempts = load_attempts(start)
    for number in range(1, stages.config.rounds + 1):
        steering = [attempt for attempt in attempts if attempt.split == "mined"]
        mined = mine(stages, number, model, steering, evaluated.key)
        mistakes = list(read_records(mined.folder / "mistakes.jsonl", Mistake))
        if not mistakes:
            return f"round {number}: no mistakes to learn from among {len(steering):,} questions that may be mined"
        found = [
            retrieve(stages, number, index, model, mistakes, mined.key) for index in range(len(stages.crew.sources))
        ]
        screened = guard(stages, number, model, found, questions, start.key)
        passages = list(read_records(screened.folder / "passages.jsonl", Passage))
        mixed = mix(stages, number, model, (passages, mistakes, steering, questions), (screened.key, mined.key))
        rows = list(read_records(mixed.folder / "rows.jsonl", Row))
        if not rows:
            return f"round {number}: nothing to train on: no rows came of {len(passages):,} passages"
        model = train(stages, number, model, rows, mixed.key)
        evaluated = evaluate(stages, number, model)
        attempts = load_attempts(evaluated)
        if stages.run:
            stages.run.record("round_finished", round=number, model=model.fingerprint)
            stages.notify("cem_round_finished", round=stages.run.round(number))
    return ""


def load_attempts(stage: Stage) -> list[Attempt]:
    return list(read_records(stage.folder / "attempts.jsonl", Attempt))


def evaluate(stages: Stages, number: int, model: Model) -> Stage:
    evaluator, config = stages.crew.evaluator, stages.config

    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        attempts = assign(
            list(evaluator.evaluate(config.tasks, ctx)),
            list(evaluator.evaluate(config.general, ctx)) if config.general else [],
            config.split,
        )
        if not attempts:
            raise CemError(f"tasks {', '.join(config.tasks)}: there is no question in them")
        right = sum(attempt.correct for attempt in attempts)
        return {"attempts.jsonl": attempts}, {"questions": len(attempts), "right": right}

    ctx = stages.context(evaluator, model, number, stages.cache)
    inputs = {
        "model": model.fingerprint,
        "tasks": evaluator.fingerprint_tasks(config.tasks, ctx),
        "general": evaluator.fingerprint_tasks(config.general, ctx) if config.general else "",
        "split": config.split.model_dump(),
        "chat_template": config.chat_template,
    }
    return stages.perform(number, "evaluate", evaluator, model, inputs, work)


def mine(stages: Stages, number: int, model: Model, steering: Sequence[Attempt], evaluated: str) -> Stage:
    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        mistakes = list(stages.crew.miner.mine(steering, ctx))
        _known("miner", "attempts", {m.attempt_id for m in mistakes}, {attempt.id for attempt in steering})
        return {"mistakes.jsonl": mistakes}, {"mistakes": len(mistakes)}

    return stages.perform(number, "mine", stages.crew.miner, model, {"evaluate": evaluated}, work)


def retrieve(stages: Stages, number: int, index: int, model: Model, mistakes: Sequence[Mistake], mined: str) -> Stage:
    source = stages.crew.sources[index]

    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        passages = list(source.retrieve(mistakes, ctx))
        used = {hit.mistake_id for passage in passages for hit in passage.hits}
        _known(f"source {source.name}", "mistakes", used, {mistake.id for mistake in mistakes})
        return {"passages.jsonl": passages}, {"passages": len(passages), "mistakes_served": len(used)}

    return stages.perform(number, f"retrieve/{source.name}", source, model, {"mine": mined}, work)


def guard(
    stages: Stages, number: int, model: Model, found: Sequence[Stage], questions: Sequence[Attempt], asked: str
) -> Stage:
    """Drops passages that hold a question with its answer, of any split; every drop is kept with its reason."""

    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        passages = list(_once(stages, found))
        kept, dropped = LeakGuard(questions).screen_passages(passages)
        _say_drops(ctx, dropped, len(passages), "passages")
        return {"passages.jsonl": kept, "dropped.jsonl": dropped}, {"kept": len(kept), "dropped": len(dropped)}

    inputs = {"retrieve": [stage.key for stage in found], "questions": asked, "guard": GUARD_VERSION}
    return stages.perform(number, "guard", None, model, inputs, work)


def mix(
    stages: Stages,
    number: int,
    model: Model,
    material: tuple[Sequence[Passage], Sequence[Mistake], Sequence[Attempt], Sequence[Attempt]],
    keys: tuple[str, str],
) -> Stage:
    passages, mistakes, steering, questions = material

    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        made = list(stages.crew.mixer.mix(passages, mistakes, steering, ctx))
        parents = {record.id for record in (*passages, *mistakes, *steering)}
        _known("mixer", "records", {parent for row in made for parent in row.parents}, parents)
        _known("mixer", "questions", {pair for row in made for pair in row.own_pairs}, {a.id for a in steering})
        kept, dropped = LeakGuard(questions).screen_rows(made)
        _say_drops(ctx, dropped, len(made), "rows")
        lengths = ctx.count_tokens([row.prompt + row.completion for row in kept])
        rows = [dataclasses.replace(row, tokens=length) for row, length in zip(kept, lengths, strict=True)]
        tokens = round(sum(row.tokens * row.weight for row in rows))
        return {"rows.jsonl": rows, "dropped.jsonl": dropped}, {"rows": len(rows), "tokens": tokens}

    inputs = {"guard": keys[0], "mine": keys[1], "model": model.fingerprint, "guard_version": GUARD_VERSION}
    return stages.perform(number, "mix", stages.crew.mixer, model, inputs, work)


def train(stages: Stages, number: int, model: Model, rows: Sequence[Row], mixed: str) -> Model:
    def work(ctx: Context) -> tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]:
        figures = stages.crew.trainer.train(rows, ctx)
        folder = ctx.folder / "model"
        if not any(folder.glob("*.safetensors")):
            raise CemError(f"trainer {stages.crew.trainer.name}: left no model (*.safetensors) in its stage's folder")
        adapter = (folder / "adapter_config.json").is_file()
        mark = fingerprint(model.path, folder) if adapter else fingerprint(folder)
        return {}, {**figures, "fingerprint": mark, "adapter": adapter}

    inputs = {"mix": mixed, "model": model.fingerprint, "chat_template": stages.config.chat_template}
    stage = stages.perform(number, "train", stages.crew.trainer, model, inputs, work)
    name, folder = f"{stages.run.name if stages.run else 'planned'} round {number}", stage.folder / "model"
    mark = str(stage.figures["fingerprint"])
    if stage.figures["adapter"]:
        return Model(name=name, path=model.path, adapter=folder, fingerprint=mark)
    return Model(name=name, path=folder, fingerprint=mark)


def _once(stages: Stages, found: Sequence[Stage]) -> Iterator[Passage]:
    """Passages of all sources, each text once: what several sources have counts as the first's."""
    seen: set[str] = set()
    for stage in found:
        for passage in read_records(stage.folder / "passages.jsonl", Passage):
            if passage.id not in seen:
                seen.add(passage.id)
                yield passage


def _known(who: str, what: str, used: set[str], given: set[str]) -> None:
    """The core trusts no plugin: results may only point to what the plugin was given."""
    strange = sorted(used - given)
    if strange:
        raise CemError(f"{who}: names {what} that it was not given: {', '.join(strange[:3])} ({len(strange)} in all)")


def _say_drops(ctx: Context, dropped: Sequence[Drop], total: int, what: str) -> None:
    if dropped:
        reasons = sorted({drop.reason for drop in dropped})
        ctx.log(f"leak guard: dropped {len(dropped):,} of {total:,} {what} ({', '.join(reasons)})")
