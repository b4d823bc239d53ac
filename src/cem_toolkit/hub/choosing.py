"""What of a run may go to the hub, and what stands in the way."""

import re
from dataclasses import dataclass

from cem_toolkit.errors import CemError
from cem_toolkit.ledger.files import lines_of
from cem_toolkit.records import Mistake, Row
from cem_toolkit.report.attribution import Origin, attribution
from cem_toolkit.report.facts import Facts, Turn
from cem_toolkit.report.origin import is_hub_id
from cem_toolkit.run import MISTAKES, Run

UNSTATED = re.compile(r"\s*(unknown|unstated|not stated|own documents)", re.IGNORECASE)
"""Licences that give nobody leave, as sources note them where a text states none."""


@dataclass(frozen=True)
class Choice:
    """One round's model, and all that its cards say."""

    facts: Facts
    turn: Turn
    origins: list[Origin]
    base: str
    """The hub id of the model that the run began with."""


def choose(run: Run, number: int | None, base: str | None, *, rejected: bool) -> Choice:
    """The model of round `number`, or else of the last accepted round.

    `base` names the starting model on the hub where the run does not; `rejected` lets one through that the gate did
    not. Raises CemError where there is no such model, the gate rejected it, or its card would lack facts.
    """
    summary = run.summary()
    number = int(summary["shipped"]) if number is None else number
    if number == 0:
        raise CemError(
            f"{run.name}: no round was accepted, so there is no new model (a rejected one: --round N --rejected)"
        )
    if not 1 <= number <= len(run.rounds):
        raise CemError(f"{run.name}: has no finished round {number}; there are {len(run.rounds)}")
    facts = Facts(run, {**summary, "shipped": number})
    turn = facts.turns[number - 1]
    if turn.gate is not None and not turn.gate["accepted"] and not rejected:
        why = "; ".join(str(reason) for reason in turn.gate.get("reasons") or [])
        raise CemError(f"{run.name}: the gate rejected round {number} ({why}); give --rejected to push it all the same")
    base = base or str(summary["model"])
    origins = attribution(facts.lineage)
    if lacking := list(_lacking(facts, turn, base)):
        raise CemError(f"{run.name}, round {number}: its model card would not say {'; nor '.join(lacking)}")
    return Choice(facts, turn, origins, base)


def _lacking(facts: Facts, turn: Turn, base: str) -> list[str]:
    stage = turn.record.stage("train")
    row = dict(facts.accuracy).get(turn.number, {})
    missing = {
        "what model it was made from: name that on the hub by --base": is_hub_id(base),
        "how it was trained": stage and stage.figures,
        "whether it was accepted: `cem-toolkit resume` finishes the round": turn.gate is not None,
        "how good it is on questions that it was not trained on: none were held out": {"held_out", "siblings"}
        & set(row),
    }
    return [what for what, there in missing.items() if not there]


def check_dataset(choice: Choice, *, private: bool) -> None:
    """Raises CemError where the training rows may not leave.

    They may not where they hold a question that is kept to measure by, which would spoil it for all, or text of which
    nobody has said that it may be handed on, unless the dataset is to be private.
    """
    facts = choice.facts
    mined = {question for (_, question), answer in facts.run.start.answers.items() if answer.split == "mined"}
    for turn in facts.lineage:
        named = (own for row in lines_of(turn.record, Row, "mix/rows.jsonl") for own in row.get("own_pairs", ()))
        asked = (mistake["attempt_id"] for mistake in lines_of(turn.record, Mistake, *MISTAKES))
        for question in (*named, *asked):
            if question not in mined:
                raise CemError(
                    f"{facts.run.name}, round {turn.number}: question {question!s:.40} is not one that was mined, and "
                    "stands in what was trained on: this dataset must not be published"
                )
    unstated = [origin for origin in choice.origins if not origin.licence or UNSTATED.match(origin.licence)]
    if unstated and not private:
        told = ", ".join(f"{origin.source} ({origin.licence or 'none'})" for origin in unstated)
        raise CemError(
            f"{facts.run.name}: rows were made from texts whose licence does not say that they may be published: "
            f"{told:.300}; push them with --private, or name a licence in the source's options and run again"
        )
