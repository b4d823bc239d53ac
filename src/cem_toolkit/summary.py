"""What a run did, in figures: the form is described in docs/show-json.md."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import exp
from typing import TYPE_CHECKING, Any

from cem_toolkit.excerpts import says, showing
from cem_toolkit.outcomes import GENERAL, Answers, Pairs, outcomes, pair_up, paired, set_name
from cem_toolkit.records import Attempt, Mistake
from cem_toolkit.store import read_records

if TYPE_CHECKING:
    from cem_toolkit.run import Arm, Round, Run, Stage


def summarise(run: "Run") -> dict[str, Any]:
    """JSON-safe. Reads answers without their texts, so that a run of 100,000 questions fits a laptop's memory. Raises
    CemError where records have changed since they were written."""
    from cem_toolkit.damage import require_whole
    from cem_toolkit.ledger import shipped_round

    require_whole(run)
    rounds = run.rounds
    start = run.start.answers
    reviewed = {0: frozenset[str]()}
    for turn in rounds:
        own = {question for row in turn.rows for question in row.own_pairs}
        reviewed[turn.number] = reviewed[turn.base] | own
    shipped = shipped_round(run)
    final = run.round(shipped).answers if shipped else start
    return {
        "run": run.name,
        "folder": str(run.folder),
        "model": run.config["model"],
        "seed": run.config["seed"],
        "finished": run.finished,
        "note": next((event["note"] for event in reversed(run.events) if event.get("note")), ""),
        "seconds": {stage.name: round(stage.seconds, 1) for stage in run.start.stages},
        "shipped": shipped,
        "accuracy": _accuracies([start, *(turn.answers for turn in rounds)], [reviewed[n] for n in sorted(reviewed)]),
        "forgetting": _forgetting(start, rounds, reviewed[shipped]),
        "known_before": _known(start, final, reviewed[shipped]) if shipped else None,
        "rounds": [_round(run, turn, start, reviewed[turn.number], reviewed[turn.base]) for turn in rounds],
    }


def _round(
    run: "Run", turn: "Round", start: Answers, reviewed: frozenset[str], older: frozenset[str]
) -> dict[str, Any]:
    sets = paired(start, turn.answers, reviewed)
    train, gate, opened = turn.stage("train"), turn.stage("gate"), turn.stage("read")
    base = run.round(turn.base)
    where = mistakes_told(turn, base)
    return {
        "round": turn.number,
        "asked": {"n": len(turn.answers), "total": len(start)},
        **outcomes(sets),
        "changes": _changes(sets),
        "mistakes": dict(Counter(mistake.kind for mistake in turn.mistakes)),
        "told": _told(turn, turn.answers, where),
        "passages": len(turn.passages),
        **_cost(turn),
        "dropped": dict(Counter(drop.reason for drop in turn.dropped)),
        "contradicted": _contradicted(turn),
        "open_book": dict(opened.figures) or None if opened else None,
        "neutral": _neutral(run.start.stage("evaluate"), turn.stage("evaluate")),
        "probes": _probes(run.start.stage("evaluate"), turn.stage("evaluate")),
        "gate": dict(gate.figures) if gate else None,
        "arms": {
            arm.name: {**_arm(arm, turn, start, reviewed, older), "told": _told(turn, arm.answers, where)}
            for arm in turn.arms
        },
        "noise": _noise(turn, start, reviewed),
        "seconds": {stage.name: round(stage.seconds, 1) for stage in turn.stages},
        "reused": [stage.name for stage in turn.stages if stage.reused],
        "model": {
            "before": str(_trained(base) or run.plan["model_fingerprint"]),
            "after": str(train.figures.get("fingerprint", "")) if train else "",
        },
    }


def _contradicted(turn: "Round") -> dict[str, int] | None:
    """Sentences that another source's contradict, and how many of them were used all the same; None where that was not
    looked for."""
    cut = turn.stage("cut")
    if not cut or "contradicted" not in cut.figures:
        return None
    return {"passages": cut.figures["contradicted"], "used": cut.figures["contradicted_and_used"]}


def right_answers(turn: "Round", base: "Round") -> dict[str, str]:
    """Of a round's mistakes, by id: the right answers to their questions, as those were put to `base`, the
    round that it began from."""
    asked = {(mistake.task, mistake.attempt_id): mistake.id for mistake in turn.mistakes}
    return {
        asked[attempt.task, attempt.id]: attempt.gold
        for attempt in read_records(base.folder / "evaluate" / "attempts.jsonl", Attempt)
        if (attempt.task, attempt.id) in asked
    }


def mistakes_told(turn: "Round", base: "Round") -> dict[str, str]:
    """The round's mistakes, by id, and where their answer stands: "trained", in a row about them that is not their own
    pair; "shown", only in a passage that was found for them; "not_shown", in neither."""
    answers = right_answers(turn, base)
    shown = showing(turn.passages, answers)
    trained = {
        mistake
        for row in turn.rows
        if not row.own_pairs and row.kind != "forget"
        for mistake in row.parents
        if mistake in answers and says(f"{row.prompt} {row.completion}", answers[mistake])
    }
    return {key: "trained" if key in trained else "shown" if key in shown else "not_shown" for key in answers}


def _told(turn: "Round", answers: Answers, where: Mapping[str, str]) -> dict[str, Any]:
    """How many of the mistakes that were asked again are right now by `answers`, by `where` their own answer stands:
    all of them, and under `knowledge` those that are a lack of knowledge."""

    def count(mistakes: Iterable[Mistake]) -> dict[str, dict[str, int]]:
        counts = {name: {"wrong": 0, "fixed": 0} for name in ("trained", "shown", "not_shown")}
        for mistake in mistakes:
            if answer := answers.get((mistake.task, mistake.attempt_id)):
                counts[where[mistake.id]]["wrong"] += 1
                counts[where[mistake.id]]["fixed"] += answer.correct
        return counts

    return {**count(turn.mistakes), "knowledge": count(m for m in turn.mistakes if m.kind == "knowledge")}


def told_and_others(told: Mapping[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """By a round's or an arm's `told`: how many are fixed, and of how many, where the answer stands in a row that was
    trained on, and of all other mistakes."""
    trained, *others = (told[name] for name in ("trained", "shown", "not_shown"))
    return (trained["fixed"], trained["wrong"]), (sum(o["fixed"] for o in others), sum(o["wrong"] for o in others))


def _trained(turn: "Round") -> str | None:
    stage = turn.stage("train")
    return str(stage.figures["fingerprint"]) if stage else None


def _arm(arm: "Arm", turn: "Round", start: Answers, reviewed: frozenset[str], older: frozenset[str]) -> dict[str, Any]:
    """An arm against the starting model, and the round against the arm, over questions that neither was shown."""
    own = older | {question for row in arm.rows for question in row.own_pairs}
    sets = paired(start, arm.answers, own)
    return {
        **outcomes(sets),
        "changes": _changes(sets),
        "against": _changes(paired(arm.answers, turn.answers, reviewed | own, start)),
        **_cost(arm),
        "seconds": {stage.name: round(stage.seconds, 1) for stage in arm.stages},
    }


def _cost(arm: "Arm") -> dict[str, Any]:
    mix = arm.stage("mix")
    return {"rows": dict(Counter(row.kind for row in arm.rows)), "tokens": mix.figures.get("tokens", 0) if mix else 0}


def _changes(sets: Mapping[str, Pairs]) -> dict[str, Any]:
    """Of every set that has questions, the change with its interval; p is corrected over all of them."""
    from cem_toolkit.stats import adjusted
    from cem_toolkit.stratified import compare_set

    family = {name: compare_set(found) for name, found in sets.items() if found.pairs}
    return {name: asdict(change) for name, change in adjusted(family).items()}


def _accuracies(models: Sequence[Answers], reviewed: Sequence[frozenset[str]]) -> list[dict[str, Any]]:
    """Of every round from 0 on, by set: how many were right of those asked, and the share with its interval."""
    from cem_toolkit.stratified import accuracy

    last = frozenset().union(*reviewed)

    def of_set(found: Pairs) -> dict[str, Any]:
        right = sum(now for _, now in found.pairs)
        return {"right": right, "n": found.asked, "total": found.total, **asdict(accuracy(found))}

    every = (paired(models[0], answers, last) for answers in models)
    return [{name: of_set(sets[name]) for name in sorted(sets) if sets[name].pairs} for sets in every]


def _noise(turn: "Round", start: Answers, reviewed: frozenset[str]) -> dict[str, Any] | None:
    """How much accuracy differs between repeats of the round under other seeds, by set; None without repeats."""
    from cem_toolkit.stats import noise_floor
    from cem_toolkit.stratified import share_right

    repeats = [arm for arm in turn.arms if arm.name.startswith("seed-")]
    if not repeats:
        return None
    seen = reviewed | {question for arm in repeats for row in arm.rows for question in row.own_pairs}
    shares: dict[str, list[float]] = {}
    for arm in (turn, *repeats):
        for name, found in paired(start, arm.answers, seen).items():
            if found.pairs:
                shares.setdefault(name, []).append(share_right(found))
    floors = {name: noise_floor(values) for name, values in shares.items()}
    return {name: asdict(floor) for name, floor in floors.items() if floor}


def _neutral(start: "Stage | None", after: "Stage | None") -> dict[str, Any] | None:
    before, now = (stage.figures.get("neutral") if stage else None for stage in (start, after))
    if not before or not now:
        return None
    names = {"perplexity_before": before, "perplexity_after": now}
    return {"tokens": now["tokens"], **{name: exp(-text["nats"] / text["tokens"]) for name, text in names.items()}}


def _probes(start: "Stage | None", after: "Stage | None") -> dict[str, Any] | None:
    """By probe the change since the starting model, p corrected over all of them; None where they were not asked."""
    from cem_toolkit.stats import adjusted, compare

    before, now = (stage.figures.get("probes") if stage else None for stage in (start, after))
    if not before or not now:
        return None
    family = {
        name: compare([(a == "1", b == "1") for a, b in zip(before[name], now[name], strict=True)]) for name in before
    }
    return {name: asdict(change) for name, change in adjusted(family).items()}


def _forgetting(start: Answers, rounds: Sequence["Round"], reviewed: frozenset[str]) -> dict[str, Any] | None:
    """The matrix of rounds by what is watched: held-out questions, siblings, general tasks, and each round's
    mistakes."""
    if not rounds:
        return None
    from cem_toolkit.forgetting import matrix
    from cem_toolkit.stratified import share_right

    models = [start, *(turn.answers for turn in rounds)]
    columns: dict[str, list[tuple[str, str]]] = {}
    for (task, question), answer in start.items():
        name = set_name(task, question, answer.split, reviewed)
        if name in ("held_out", "siblings") or name.startswith(GENERAL):
            columns.setdefault(name, []).append((task, question))
    taught: dict[str, int] = {}
    for turn in rounds:
        name = f"mistakes of round {turn.number}"
        columns[name] = [(mistake.task, mistake.attempt_id) for mistake in turn.mistakes]
        taught[name] = turn.number

    def share(keys: Sequence[tuple[str, str]], answers: Answers) -> float | None:
        """None where nothing is known of some of them."""
        found = pair_up(keys, start, answers)
        return None if found.blind else share_right(found)

    table = {name: [share(keys, answers) for answers in models] for name, keys in columns.items() if keys}
    return asdict(matrix(table, {name: number for name, number in taught.items() if name in table}))


def _known(start: Answers, final: Answers, reviewed: frozenset[str]) -> dict[str, Any] | None:
    """Of what the starting model had right, how much still is, from the surest quarter to the least sure."""
    from cem_toolkit.forgetting import known_before

    keys = [key for key in start if key[1] not in reviewed and key in final]
    quarters = known_before(
        [start[key].correct for key in keys],
        [start[key].margin for key in keys],
        [final[key].correct for key in keys],
    )
    total = sum(question not in reviewed for _, question in start)
    return {"quarters": [asdict(one) for one in quarters], "n": len(keys), "total": total} if quarters else None
