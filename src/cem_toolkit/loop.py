"""The method: evaluate, mine, retrieve, mix, train, evaluate again.

Continue Evolving from Mistakes, arXiv 2404.08707. This module alone knows the order of the stages. Beyond the paper,
what was found is guarded against leaks, cut into sentences, read by the model and rewritten before it is mixed, each
round passes a gate, and control arms tell what a round's gain is due to.
"""

import dataclasses
from collections.abc import Callable, Iterator

from cem_toolkit import steps
from cem_toolkit.ahead import Ahead
from cem_toolkit.arms import arm_names, seed_of
from cem_toolkit.config import Config, Crew
from cem_toolkit.records import Mistake, Model, Passage
from cem_toolkit.retest import Retest
from cem_toolkit.run import Stage
from cem_toolkit.stages import Stages
from cem_toolkit.standing import Material, Standing
from cem_toolkit.store import read_records


class NothingToDo(Exception):  # noqa: N818 (no error: the run ends well)
    """Why a run ends before its last round."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """A round that has its training set: all that the round itself and its control arms are trained from."""

    number: int
    trial: Stages
    """Of the seed by which the round mixes and trains."""
    model: Model
    """From which the round begins."""
    material: Material
    mixed: Stage
    again: Retest | None
    """Which questions are asked after the training; None: all."""
    before: list[Standing]
    """The models that were asked before: none of them may answer in a new one's place."""


Beside = Callable[[Turn], None]
"""Does trainings and evaluations of a turn in other processes: the loop then finds these stages finished."""


def go_rounds(stages: Stages, model: Model, beside: Beside | None = None) -> str:
    """All rounds of a run, from `model`. Returns why it ended before its last round, or "".

    `beside` is called with each round that has its training set, before anything is trained.
    """
    start = best = steps.stand(stages, 0, model)
    rejected = 0
    for number in range(1, stages.config.rounds + 1):
        # After a rejected round the same data would train the same model again: another seed tries another way.
        trial = stages.with_seed(stages.seed + REPEAT * rejected)
        try:
            turn = go_to_training(stages, trial, number, start, best)
        except NothingToDo as why:
            return f"round {number}: {why}"
        if beside:
            beside(turn)
        tried = go_own(turn)
        for name in arm_names(stages.config):
            go_arm(turn, name, tried)
        gate = steps.judge(stages, number, start, best, tried)
        best, rejected = (tried, 0) if gate.figures["accepted"] else (best, rejected + 1)
        if rejected:
            stages.log(
                f"round {number} rejected: {'; '.join(gate.figures['reasons'])}; going on from round {best.round}"
            )
        if stages.run:
            stages.run.record("round_finished", round=number, model=tried.model.fingerprint, accepted=not rejected)
            stages.notify("cem_round_finished", round=stages.run.round(number))
    return ""


REPEAT = 1_000_003
"""Between the seeds of a round that follows a rejected one, far from those of repeats (`seeds`)."""


def go_to_training(stages: Stages, trial: Stages, number: int, start: Standing, best: Standing) -> Turn:
    """One round from the model of `best` up to its training set, which is mixed by the seed of `trial`."""
    model = best.model
    steering = [attempt for attempt in best.attempts if attempt.split == "mined"]
    mined = steps.mine(stages, number, best, steering)
    mistakes = list(read_records(mined.folder / "mistakes.jsonl", Mistake))
    if not mistakes:
        raise NothingToDo(f"no mistakes to learn from among {len(steering):,} questions that may be mined")
    ahead = Ahead()
    listen = steps.read_ahead(stages, ahead, start, steering, mistakes)
    found: list[Stage] = []
    for _ in stages.crew.sources:
        found.append(steps.retrieve(stages, number, found, model, mistakes, mined.key, listen))
    guarded = steps.guard(stages, number, model, found, start)
    pages = list(read_records(guarded.folder / "passages.jsonl", Passage))
    pieces = steps.cut(stages, number, model, pages, mistakes, guarded)
    material = Material(
        passages=list(read_records(pieces.folder / "passages.jsonl", Passage)),
        mistakes=mistakes,
        steering=steering,
        start=start,
        keys={"cut": pieces.key, "mine": mined.key},
    )
    opened = steps.read(stages, number, model, material, ahead)
    material = dataclasses.replace(
        material,
        passages=list(read_records(opened.folder / "passages.jsonl", Passage)),
        mistakes=list(read_records(opened.folder / "mistakes.jsonl", Mistake)),
        keys={"read": opened.key},
    )
    material = steps.rewrite(trial, number, model, material)
    mixed = steps.mix(trial, number, model, material)
    if not steps.load_rows(mixed):
        raise NothingToDo(f"nothing to train on: no rows came of {len(material.passages):,} passages")
    again = steps.ask_again(stages, number, material, mixed)
    return Turn(number, trial, model, material, mixed, again, [start] if start is best else [start, best])


def go_own(turn: Turn) -> Standing:
    """Trains the round's own model and asks it."""
    stages, number = turn.trial, turn.number
    trained = steps.train(stages, number, turn.model, turn.mixed, turn.material.start)
    return steps.stand(stages.with_seed(stages.config.seed), number, trained, turn.again, turn.before)


def go_arm(turn: Turn, name: str, *besides: Standing) -> None:
    """Trains a control arm from the model that the round began with, and asks it what the round is asked. `besides` are
    models trained in the round already."""
    stages, number, model, material, mixed = turn.trial, turn.number, turn.model, turn.material, turn.mixed
    arm = stages.of_arm(name)
    reseeded = arm.with_seed(arm.seed + seed_of(name))
    if name == "random":
        drawn = [steps.draw(arm, number, index, model, material) for index in range(len(arm.crew.sources))]
        random = [passage for stage in drawn for passage in read_records(stage.folder / "passages.jsonl", Passage)]
        keys = {**material.keys, "draw": ",".join(stage.key for stage in drawn), "tokens_of": mixed.key}
        material = steps.rewrite(arm, number, model, dataclasses.replace(material, passages=random, keys=keys))
        rows = steps.mix(arm, number, model, material, tokens_of=steps.load_rows(mixed))
    elif seed_of(name):
        rows = steps.mix(reseeded, number, model, material)
    else:
        rows = steps.pick(arm, number, model, mixed, name)
    if not steps.load_rows(rows):
        stages.log(f"arm {name}: has no rows, and is left out")
        return
    trained = steps.train(reseeded, number, model, rows, material.start)
    steps.evaluate(arm.with_seed(arm.config.seed), number, trained, turn.again, [*turn.before, *besides])


def stage_names(config: Config, crew: Crew) -> Iterator[tuple[int, str]]:
    """Round and name of every stage, in order: what `go_rounds` will perform where no round ends early."""
    yield 0, "evaluate"
    sources = [source.name for source in crew.sources]
    rewrites = [f"rewrite/{rewriter.name}" for rewriter in crew.rewriters]
    for number in range(1, config.rounds + 1):
        yield number, "mine"
        yield from ((number, f"retrieve/{source}") for source in sources)
        yield from ((number, name) for name in ("guard", "cut", "read", *rewrites, "mix", "train", "evaluate"))
        for arm in arm_names(config):
            if arm == "random":
                yield from ((number, f"arms/{arm}/draw/{source}") for source in sources)
                yield from ((number, f"arms/{arm}/{name}") for name in rewrites)
            yield from ((number, f"arms/{arm}/{name}") for name in ("mix", "train", "evaluate"))
        yield number, "gate"
