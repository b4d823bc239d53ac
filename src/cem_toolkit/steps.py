"""The stages of a round: what each is given, what it depends on, and what it leaves.

`loop.py` knows their order.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from cem_toolkit.accepting import accept
from cem_toolkit.ahead import Ahead, Found
from cem_toolkit.arms import kept_rows, put_in_place, with_tokens
from cem_toolkit.console import Screen
from cem_toolkit.contradictions import contradiction_counts, cut_checked, cut_used
from cem_toolkit.errors import CemError
from cem_toolkit.faithful import keep_faithful
from cem_toolkit.gate import decide
from cem_toolkit.impostor import check_answers
from cem_toolkit.leaks import Drop, LeakGuard
from cem_toolkit.mixing import mix_sources
from cem_toolkit.models import fingerprint
from cem_toolkit.neutral import read_neutral, score_neutral
from cem_toolkit.openbook import OpenBook, Scores, open_book_summary, read_passages
from cem_toolkit.outcomes import STOPPING
from cem_toolkit.pieces import cut_whole
from cem_toolkit.probes import ask_probes
from cem_toolkit.ranking import shuffled
from cem_toolkit.records import Attempt, Mistake, Model, Passage, Record, Rewrite, Row, content_id
from cem_toolkit.retest import Retest, choose, touched
from cem_toolkit.roles import Context, Mixer, Rewriter
from cem_toolkit.run import Stage
from cem_toolkit.sealing import sealed
from cem_toolkit.splits import assign
from cem_toolkit.stages import Stages
from cem_toolkit.standing import Material, Standing
from cem_toolkit.store import read_records
from cem_toolkit.tables import check_tables
from cem_toolkit.ways import Way

MIX_VERSION = "1"
PROBES_VERSION = "1"
READ_VERSION = "4"
GATE_VERSION = "1"
CUT_VERSION = "3"
REWRITE_VERSION = "2"


Results = tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]
"""Of a stage's work: records by file name, and figures worth keeping."""


def stand(
    stages: Stages, number: int, model: Model, again: Retest | None = None, others: Sequence[Standing] = ()
) -> Standing:
    """The model of round `number` with its answers, to the questions of `again` where not all are asked."""
    return Standing(number, model, evaluate(stages, number, model, again, others), stages.guards)


def evaluate(
    stages: Stages, number: int, model: Model, again: Retest | None = None, others: Sequence[Standing] = ()
) -> Stage:
    """Asks the model, and sees to it that none of the `others` answers in its place."""
    evaluator, config = stages.crew.evaluator, stages.config
    neutral = read_neutral(stages.config_folder / config.neutral if config.neutral else None)

    def work(ctx: Context) -> Results:
        if again:
            ctx = dataclasses.replace(ctx, only=again.ids)
            ctx.log(f"asks {len(again.weights):,} of {again.total:,} questions again (retest)")
        who = f"evaluator {evaluator.name}"
        watched = accept(who, Attempt, evaluator.evaluate(config.general, ctx) if config.general else ())
        # A general task's own training questions are nothing to watch: the task reports its test questions.
        general = [attempt for attempt in watched if attempt.part != "train"]
        given = accept(who, Attempt, evaluator.evaluate(config.tasks, ctx))
        attempts = assign(given, general, config.split)
        if not attempts:
            raise CemError(f"tasks {', '.join(config.tasks)}: there is no question in them")
        attempts = again.take(attempts) if again else attempts
        check_answers(model, attempts, others)
        right = sum(attempt.correct for attempt in attempts)
        figures: dict[str, Any] = {"questions": len(attempts), "right": right, "neutral": score_neutral(neutral, ctx)}
        figures |= {"probes": ask_probes(ctx)} if config.probes else {}
        return {"attempts.jsonl": attempts}, figures | ({"of": again.total} if again else {})

    ctx = stages.context(evaluator, model, number, stages.cache)
    inputs = {
        "model": model.fingerprint,
        "tasks": evaluator.fingerprint_tasks(config.tasks, ctx),
        "general": evaluator.fingerprint_tasks(config.general, ctx) if config.general else "",
        "split": config.split.model_dump(),
        "chat_template": config.chat_template,
        "neutral": content_id(*neutral),
        **({"probes": PROBES_VERSION} if config.probes else {}),
        **({"only": again.key} if again else {}),
    }
    return stages.perform(number, "evaluate", evaluator, model, inputs, work)


def mine(stages: Stages, number: int, standing: Standing, steering: Sequence[Attempt]) -> Stage:
    asked = {(attempt.id, attempt.task): attempt.question for attempt in steering}

    def work(ctx: Context) -> Results:
        with sealed_from(stages, "miner"):
            mistakes = accept("miner", Mistake, stages.crew.miner.mine(steering, ctx))
        _known("miner", "attempts", {m.attempt_id for m in mistakes}, {attempt.id for attempt in steering})
        for mistake in mistakes:
            if asked.get((mistake.attempt_id, mistake.task)) != mistake.question:
                raise CemError(
                    f"miner: gives mistake {mistake.id} another question than attempt {mistake.attempt_id} has"
                )
        return {"mistakes.jsonl": mistakes}, {"mistakes": len(mistakes)}

    inputs = {"evaluate": standing.evaluated.key}
    return stages.perform(number, "mine", stages.crew.miner, standing.model, inputs, work)


def retrieve(
    stages: Stages,
    number: int,
    before: Sequence[Stage],
    model: Model,
    mistakes: Sequence[Mistake],
    mined: str,
    listen: Callable[[Context, Sequence[Stage]], AbstractContextManager[Found]],
) -> Stage:
    """The next source's passages, after those of the stages `before`. The last source's are read meanwhile, by
    `listen`."""
    source = stages.crew.sources[len(before)]
    last = len(before) == len(stages.crew.sources) - 1

    def work(ctx: Context) -> Results:
        listening = listen(ctx, before) if last else nullcontext(ctx.found)
        with listening as found, sealed_from(stages, f"source {source.name}"):
            given = source.retrieve(mistakes, dataclasses.replace(ctx, found=found))
            passages = accept(f"source {source.name}", Passage, given)
        used = {hit.mistake_id for passage in passages for hit in passage.hits}
        _known(f"source {source.name}", "mistakes", used, {mistake.id for mistake in mistakes})
        return {"passages.jsonl": passages}, {"passages": len(passages), "mistakes_served": len(used)}

    return stages.perform(number, f"retrieve/{source.name}", source, model, {"mine": mined}, work)


def read_ahead(
    stages: Stages, ahead: Ahead, start: Standing, steering: Sequence[Attempt], mistakes: Sequence[Mistake]
) -> Callable[[Context, Sequence[Stage]], AbstractContextManager[Found]]:
    """What `retrieve` has its passages read by, into `ahead`."""

    def listen(ctx: Context, before: Sequence[Stage]) -> AbstractContextManager[Found]:
        test = OpenBook.plan(steering, mistakes, ctx.seed, stages.config.open_book)
        if len(test.portions) < 2:  # the last one is never read ahead
            return nullcontext(ctx.found)
        silent = dataclasses.replace(ctx, progress=Screen(quiet=True).progress)
        guard = start.guard  # made now: it reads answers, which nothing may while a source works

        def screen(passages: Sequence[Passage]) -> list[Passage]:
            mixed = mix_sources(passages, stages.config.weights)
            return cut_used(guard.screen_passages(mixed)[0], mistakes, stages.config.pieces)

        def score(ways: Sequence[Way]) -> Scores:
            return stages.crew.evaluator.score(ways, silent)

        return ahead.listening(test, screen, score, list(_passages(before)), ctx.log)

    return listen


def guard(stages: Stages, number: int, model: Model, found: Sequence[Stage], start: Standing) -> Stage:
    """All sources' passages together, less those that hold a question with its answer, of any split; every drop is kept
    with its reason."""

    def work(ctx: Context) -> Results:
        passages = mix_sources(_passages(found), stages.config.weights)
        if stages.portions and stages.portions.worth(passages) and not stages.config.leaks.encoder:
            attempts = start.evaluated.folder / "attempts.jsonl"
            kept, dropped = stages.portions.screen(passages, ctx.folder, attempts)
        else:
            kept, dropped = start.guard.screen_passages(passages)
        _say_drops(ctx, dropped, len(passages), "passages")
        return {"passages.jsonl": kept, "dropped.jsonl": dropped}, {"kept": len(kept), "dropped": len(dropped)}

    inputs = {
        "retrieve": [stage.key for stage in found],
        "questions": start.evaluated.key,
        "guard": stages.guards.key,
        "weights": stages.config.weights,
        "version": MIX_VERSION,
    }
    return stages.perform(number, "guard", None, model, inputs, work)


def cut(
    stages: Stages, number: int, model: Model, passages: Sequence[Passage], mistakes: Sequence[Mistake], guarded: Stage
) -> Stage:
    """Cuts the pages that may be used into the sentences that tell about a mistake."""
    options = stages.config.pieces

    def work(ctx: Context) -> Results:
        pieces, contradicted = cut_checked(passages, mistakes, options)
        figures = {"pages": len(passages), "pieces": len(pieces), **contradiction_counts(contradicted, pieces)}
        return {"passages.jsonl": pieces, "contradicted.jsonl": contradicted}, figures

    inputs = {"guard": guarded.key, "pieces": options.model_dump(), "version": CUT_VERSION}
    return stages.perform(number, "cut", None, model, inputs, work)


def read(stages: Stages, number: int, model: Model, material: Material, ahead: Ahead) -> Stage:
    """The open-book test: asks each mistake again with passages before it, but for what was read `ahead`."""
    options = stages.config.open_book

    def work(ctx: Context) -> Results:
        passages, mistakes, readings = read_passages(
            material.steering, material.mistakes, material.passages, ctx, options, ahead.known
        )
        files: dict[str, Iterable[Record]] = {
            "passages.jsonl": passages,
            "mistakes.jsonl": mistakes,
            "readings.jsonl": readings,
        }
        return files, open_book_summary(readings, mistakes)

    inputs = {
        **material.keys,
        "open_book": options.model_dump(),
        "version": READ_VERSION,
        "model": model.fingerprint,
        "chat_template": stages.config.chat_template,
    }
    return stages.perform(number, "read", stages.crew.evaluator, model, inputs, work)


def draw(stages: Stages, number: int, index: int, model: Model, material: Material) -> Stage:
    """Random passages in the place of those that a source found."""
    source = stages.crew.sources[index]
    found = [passage for passage in material.passages if passage.source == source.name]

    def work(ctx: Context) -> Results:
        try:
            drawn = list(source.sample(2 * len(found), ctx))  # some are dropped
        except NotImplementedError as error:
            raise CemError(f"arm random: {error}; leave it out, or choose a source that can") from None
        kept, dropped = material.start.guard.screen_passages(drawn)
        pieces = {piece.id: piece for piece in cut_whole(kept, stages.config.pieces)}
        mixed = [pieces[each] for each in shuffled(list(pieces), ctx.seed, "draw")]
        return {"passages.jsonl": put_in_place(mixed, found), "dropped.jsonl": dropped}, {}

    inputs = {**material.keys, "guard": stages.guards.key, "version": CUT_VERSION}
    return stages.perform(number, f"draw/{source.name}", source, model, inputs, work)


def rewrite(stages: Stages, number: int, model: Model, material: Material) -> Material:
    """`material` with what the rewriters made of its passages, less what the passages do not say."""
    given = {passage.id for passage in material.passages}
    alone = [dataclasses.replace(passage, hits=()) for passage in material.passages]  # hits hold queries
    made: list[Rewrite] = []
    keys = dict(material.keys)
    for rewriter in stages.crew.rewriters:

        def work(ctx: Context, rewriter: Rewriter = rewriter) -> Results:
            if stages.portions and rewriter.alone() and stages.portions.worth(alone):
                kept, dropped = stages.portions.rewrite(alone, ctx.folder, rewriter.name, ctx.seed)
                _known_passages(rewriter, kept, given)
            else:
                with sealed_from(stages, f"rewriter {rewriter.name}"):
                    found = accept(f"rewriter {rewriter.name}", Rewrite, rewriter.rewrite(alone, ctx))
                _known_passages(rewriter, found, given)
                kept, dropped = keep_faithful(found, material.passages)
            if dropped:
                ctx.log(f"dropped {len(dropped):,} of {len(kept) + len(dropped):,} rewrites: not what the passage says")
            return {"rewrites.jsonl": kept, "dropped.jsonl": dropped}, {"kept": len(kept), "dropped": len(dropped)}

        inputs = {**material.keys, "model": model.fingerprint, "version": REWRITE_VERSION}
        stage = stages.perform(number, f"rewrite/{rewriter.name}", rewriter, model, inputs, work)
        made += read_records(stage.folder / "rewrites.jsonl", Rewrite)
        keys[f"rewrite/{rewriter.name}"] = stage.key
    return dataclasses.replace(material, rewrites=made, keys=keys)


def mix(stages: Stages, number: int, model: Model, material: Material, tokens_of: Sequence[Row] | None = None) -> Stage:
    """The training set. With `tokens_of`, weighted to as many tokens as those rows have."""

    def work(ctx: Context) -> Results:
        passages, mistakes, steering = material.passages, material.mistakes, material.steering
        early: dict[str, Drop] = {}

        @cache
        def mined() -> LeakGuard:
            return stages.guards.make(steering)

        def screen_rows(rows: Iterable[Row]) -> list[Row]:
            kept, dropped = mined().screen_rows(rows)
            early.update((drop.id, drop) for drop in dropped)
            return kept

        with sealed_from(stages, "mixer"):
            asking = dataclasses.replace(ctx, screen_rows=screen_rows, rewrites=tuple(material.rewrites))
            made = accept("mixer", Row, stages.crew.mixer.mix(passages, mistakes, steering, asking))
        _check_kinds(stages.crew.mixer, made)
        parents = {record.id for record in (*passages, *mistakes, *steering)}
        _known("mixer", "records", {parent for row in made for parent in row.parents}, parents)
        _known("mixer", "questions", {pair for row in made for pair in row.own_pairs}, {a.id for a in steering})
        kept, late = material.start.guard.screen_rows(made)
        dropped = [*early.values(), *(drop for drop in late if drop.id not in early)]
        _say_drops(ctx, dropped, len(kept) + len(dropped), "rows")
        lengths = ctx.count_tokens([row.prompt + row.completion for row in kept])
        rows = [dataclasses.replace(row, tokens=length) for row, length in zip(kept, lengths, strict=True)]
        rows = rows if tokens_of is None else with_tokens(rows, tokens_of)
        return {"rows.jsonl": rows, "dropped.jsonl": dropped}, _count(rows)

    inputs = {**material.keys, "model": model.fingerprint, "guard": stages.guards.key}
    return stages.perform(number, "mix", stages.crew.mixer, model, inputs, work)


def _check_kinds(mixer: Mixer, rows: Iterable[Row]) -> None:
    for row in rows:
        if row.kind not in mixer.kinds:
            raise CemError(f"mixer {mixer.name}: made a row of kind {row.kind}, which its `kinds` does not name")
        if (row.kind == "preference") != bool(row.rejected):
            raise CemError(
                f"mixer {mixer.name}: row {row.id} of kind {row.kind} has a wrong `rejected`: one is rejected "
                "in rows of kind preference, and in no others"
            )


def pick(stages: Stages, number: int, model: Model, mixed: Stage, arm: str) -> Stage:
    """The rows that a control arm keeps of the round's."""

    def work(ctx: Context) -> Results:
        rows = kept_rows(arm, load_rows(mixed))
        return {"rows.jsonl": rows}, _count(rows)

    return stages.perform(number, "mix", None, model, {"mix": mixed.key, "arm": arm}, work)


def train(stages: Stages, number: int, model: Model, mixed: Stage, start: Standing) -> Model:
    """Of `start` only the stopping questions and the leak guard are used: the run's, which are decided by what `mixed`
    depends on."""

    def work(ctx: Context) -> Results:
        stopping = tuple(_pair(attempt) for attempt in start.attempts if attempt.split == STOPPING)
        given = dataclasses.replace(ctx, stopping=stopping, screen_rows=lambda rows: start.guard.screen_rows(rows)[0])
        figures = stages.crew.trainer.train(load_rows(mixed), given)
        check_tables(f"trainer {stages.crew.trainer.name}", figures.get("tables", []))
        folder = ctx.folder / "model"
        if not any(folder.glob("*.safetensors")):
            raise CemError(f"trainer {stages.crew.trainer.name}: left no model (*.safetensors) in its stage's folder")
        adapter = (folder / "adapter_config.json").is_file()
        mark = fingerprint(model.path, folder) if adapter else fingerprint(folder)
        return {}, {**figures, "fingerprint": mark, "adapter": adapter}

    inputs = {"mix": mixed.key, "model": model.fingerprint, "chat_template": stages.config.chat_template}
    stage = stages.perform(number, "train", stages.crew.trainer, model, inputs, work)
    name, folder = f"{stages.name} round {number}", stage.folder / "model"
    mark = str(stage.figures["fingerprint"])
    if stage.figures["adapter"]:
        return Model(name=name, path=model.path, adapter=folder, fingerprint=mark)
    return Model(name=name, path=folder, fingerprint=mark)


def ask_again(stages: Stages, number: int, material: Material, mixed: Stage) -> Retest | None:
    """Which questions are asked after round `number`; None: all."""
    config = stages.config
    part = config.retest.last if number == config.rounds else config.retest.rest
    if part == 1:
        return None
    attempts = material.start.attempts
    sure = touched(load_rows(mixed), material.passages, material.mistakes, attempts)
    return choose(attempts, sure, part, config.seed)


def judge(stages: Stages, number: int, start: Standing, before: Standing, after: Standing) -> Stage:
    """The gate."""

    def work(ctx: Context) -> Results:
        neutral = (start.evaluated.figures.get("neutral"), after.evaluated.figures.get("neutral"))
        decision = decide(stages.config.gate, start.answers, before.answers, after.answers, neutral)
        return {}, {**decision.to_json(), "base": before.round}

    keys = [standing.evaluated.key for standing in (start, before, after)]
    inputs = {"evaluate": keys, "base": before.round, "gate": stages.config.gate.model_dump(), "version": GATE_VERSION}
    return stages.perform(number, "gate", None, after.model, inputs, work)


def _pair(attempt: Attempt) -> Row:
    """A question with its own answer."""
    own = (attempt.id,)
    return Row.make(kind="normative", prompt=attempt.prompt, completion=attempt.completion, parents=own, own_pairs=own)


def load_rows(mixed: Stage) -> list[Row]:
    return list(read_records(mixed.folder / "rows.jsonl", Row))


def _count(rows: Sequence[Row]) -> dict[str, int]:
    return {"rows": len(rows), "tokens": round(sum(row.tokens * row.weight for row in rows))}


def sealed_from(stages: Stages, who: str) -> AbstractContextManager[None]:
    """While `who` works nothing opens stored answers or the run's own questions."""
    config = stages.config
    files = [stages.config_folder / task for task in (*config.tasks, *config.general)]
    return sealed(who, stages.store.out, files)


def _passages(found: Sequence[Stage]) -> Iterator[Passage]:
    """Of all sources, in their order."""
    for stage in found:
        yield from read_records(stage.folder / "passages.jsonl", Passage)


def _known(who: str, what: str, used: set[str], given: set[str]) -> None:
    """The core trusts no plugin: results may only point to what the plugin was given."""
    strange = sorted(used - given)
    if strange:
        raise CemError(f"{who}: names {what} that it was not given: {', '.join(strange[:3])} ({len(strange)} in all)")


def _known_passages(rewriter: Rewriter, found: Iterable[Rewrite], given: set[str]) -> None:
    used = {passage for each in found for passage in each.passage_ids}
    _known(f"rewriter {rewriter.name}", "passages", used, given)


def _say_drops(ctx: Context, dropped: Sequence[Drop], total: int, what: str) -> None:
    if dropped:
        reasons = sorted({drop.reason for drop in dropped})
        ctx.log(f"leak guard: dropped {len(dropped):,} of {total:,} {what} ({', '.join(reasons)})")
