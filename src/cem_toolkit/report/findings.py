"""What a reader wants to know, question by question, each answered from the figures alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from cem_toolkit.outcomes import GENERAL
from cem_toolkit.report.facts import UNSEEN, Change, Facts, Turn
from cem_toolkit.report.words import arm_label, growth, label, listed, p_value, perplexity, share, signed, span
from cem_toolkit.summary import told_and_others

LOOKED_UP = ("mined", "siblings")
"""The sets of questions about whose things passages were looked up."""


@dataclass(frozen=True)
class Finding:
    """One question that a reader has, answered."""

    question: str
    mark: str
    """In a word or two: "shown", "not shown", "worse", "not known"…"""
    tone: str
    """ "good", "bad" or "open"; never said by colour alone."""
    sentences: list[str]


def fixed(turn: Turn) -> Finding:
    parts = [f"{share(c.fixed, c.wrong_before)} {label(n)}" for n, c in _main(turn) if c.wrong_before]
    total = sum(change.fixed for _, change in _main(turn))
    text = f"Of the answers that were wrong, now right: {listed(parts)}." if parts else "Nothing was wrong before."
    return Finding("What was fixed?", f"{total:,} fixed", "open", [text, *_counted(turn)])


def broken(turn: Turn) -> Finding:
    counted = [*_main(turn), *turn.general.items()]
    parts = [f"{share(c.broken, c.right_before)} {label(n)}" for n, c in counted if c.right_before]
    total = sum(change.broken for _, change in counted)
    text = f"Of the answers that were right, now wrong: {listed(parts)}." if parts else "Nothing was right before."
    return Finding("What broke?", f"{total:,} broken", "open", [text, *_counted(turn)])


def _counted(turn: Turn) -> list[str]:
    """What is counted where not all questions were asked."""
    return [f"Counted are the {turn.asked[0]:,} of {turn.asked[1]:,} questions that were asked."] if turn.asked else []


def _main(turn: Turn) -> list[tuple[str, Change]]:
    return [(name, turn.changes[name]) for name in ("mined", *reversed(UNSEEN)) if name in turn.changes]


def chance(turn: Turn) -> Finding:
    question = "Is the gain beyond chance?"
    tested = [(name, change) for name, change in _main(turn) if change.verdict]
    if not tested:
        return Finding(question, "not known", "open", ["This run's changes were not tested."])
    sentences = [f"{label(name).capitalize()}: {tell(change)}." for name, change in tested]
    noisy = beyond_noise(turn)
    if noisy is not None:
        width = max(_widths(turn, UNSEEN).values())
        than = "more than" if noisy else "no more than"
        sentences.append(
            f"Another seed changes these figures by up to {signed(width).lstrip('+')} points; the gain is {than} that."
        )
    seen = [name for name, change in tested if change.verdict == "better"]
    unseen = [name for name in seen if name in UNSEEN]
    if unseen and noisy is not False:
        return Finding(question, "shown", "good", sentences)
    mark = "worse" if any(change.verdict == "worse" for _, change in tested) else "not shown"
    return Finding(question, mark, "bad" if mark == "worse" else "open", sentences)


def tell(change: Change) -> str:
    """ "+7.1 points (+1.4 to +12.8; p = 0.03): better"."""
    text = f"{signed(change.points)} points"
    if change.low is not None and change.high is not None:
        p = f"; {p_value(change.p)}" if change.p is not None else ""
        part = f"; estimated from {change.n:,} of {change.total:,} questions" if change.part else ""
        text += f" ({span(change.low, change.high)}{p}{part})"
    return f"{text}: {change.verdict}" if change.verdict else text


def _widths(turn: Turn, names: Sequence[str]) -> dict[str, float]:
    """By how much another seed may change the accuracy of each set; empty where no seed was repeated."""
    noise = turn.get("noise") or {}
    known = {name: (noise.get(name) or {}).get("half_width") for name in names if name in turn.changes}
    return {name: float(width) for name, width in known.items() if width is not None}


def beyond_noise(turn: Turn) -> bool | None:
    """Whether an unseen set that is shown to be better gained more than another seed would change; None where no seed
    was repeated."""
    widths = _widths(turn, UNSEEN)
    better = [name for name in widths if turn.changes[name].verdict == "better"]
    return any(turn.changes[name].points > widths[name] for name in better or widths) if widths else None


def knowledge_shown(turn: Turn) -> bool:
    """Only where the round beats its random-passage arm on mined questions or siblings, by more than another seed would
    change, and these gained more than held-out ones.

    The test of the one against the other knows of chance among questions, not of chance in training: each is one model
    of many that its recipe could have given. And what held-out questions gain as well is likelier the form of the
    answers."""
    random, widths = turn.against("random"), _widths(turn, LOOKED_UP)
    held_out = turn.changes["held_out"].points if "held_out" in turn.changes else 0.0
    return any(
        random[name].verdict == "better" and random[name].points > width and turn.changes[name].points > held_out
        for name, width in widths.items()
        if name in random
    )


def knowledge(turn: Turn) -> Finding:
    """Whether what was looked up made the gain, or any training in the form of the task would have."""
    question = "Is it knowledge, or only the form of the answers?"
    random = turn.against("random")
    sentences = [
        f"Against {arm_label('random')}, {label(name)}: {tell(change)}."
        for name, change in random.items()
        if name in LOOKED_UP
    ]
    if sentences:
        sentences.append(_training_noise(turn))
    else:
        sentences = ["No model was trained on random passages for comparison, so what the passages did is not known."]
    sentences += [*_told(turn), *_form(turn)]
    if knowledge_shown(turn):
        return Finding(question, "knowledge", "good", sentences)
    return Finding(question, "not shown" if random else "not known", "open", sentences)


def _training_noise(turn: Turn) -> str:
    """How much of a difference between two trainings is chance."""
    widths = _widths(turn, LOOKED_UP)
    if not widths:
        return (
            "Either is one training: by how much two trainings of one recipe differ is not known, so a difference "
            "shows nothing of the passages yet (--seeds measures it)."
        )
    said = listed([f"{label(name)} by up to {signed(width).lstrip('+')} points" for name, width in widths.items()])
    return f"Two trainings of one recipe differ on {said}: only a larger difference would speak for the passages."


def _told(turn: Turn) -> list[str]:
    """Of the mistakes whose answer stands in what was trained on, and of the others: how many are fixed, here and by
    random passages, which did not tell it."""
    told, random = turn.get("told"), turn.arms.get("random", {}).get("told")
    if not told or not told["trained"]["wrong"]:
        return []

    here, others = (share(*each) for each in told_and_others(told))
    beside = [f", with random passages {share(*each)}" for each in told_and_others(random)] if random else ["", ""]
    return [
        f"Of the mistakes whose answer stands in what was trained on, fixed: {here}{beside[0]}.",
        f"Of the other mistakes, fixed: {others}{beside[1]}.",
    ]


def _form(turn: Turn) -> list[str]:
    """What held-out questions say, about which nothing was looked up."""
    gains = {name: turn.changes[name].points for name in ("mined", "siblings", "held_out") if name in turn.changes}
    held_out = gains.pop("held_out", None)
    if held_out is None or not gains:
        return []
    others = listed([f"{label(name)} {signed(points)}" for name, points in gains.items()])
    compared = f"Held-out questions, about which nothing was looked up: {signed(held_out)} points; {others}."
    if held_out > 0 and held_out >= max(gains.values()):
        compared += " They gained as much or more: that speaks for the form of the answers, not for knowledge."
    elif held_out > 0 and held_out >= min(gains.values()):
        compared += " They gained no less than some that knowledge was looked up for."
    return [compared]


def forgotten(facts: Facts, turn: Turn) -> Finding:
    question = "What was forgotten?"
    sentences = [f"{name.removeprefix(GENERAL)}: {tell(change)}." for name, change in turn.general.items()]
    if turn.perplexity:
        before, after = turn.perplexity
        sentences.append(
            f"Perplexity on neutral text: {perplexity(before)} before, {perplexity(after)} after "
            f"({growth(before, after)})."
        )
    probes = {name: Change.of(name, found) for name, found in (turn.get("probes") or {}).items()}
    sentences += [f"Probe of {name}: {tell(change)}." for name, change in probes.items()]
    known = facts.summary.get("known_before") or {}
    if known.get("quarters"):
        sure = known["quarters"][0]
        part = ", among the questions asked" if known.get("n", 0) < known.get("total", 0) else ""
        sentences.append(f"Of the answers it was surest of, kept{part}: {share(int(sure['kept']), int(sure['n']))}.")
    if not turn.general:
        sentences.insert(0, "No general task was watched.")
        return Finding(question, "not known", "open", sentences)
    if any(change.verdict == "worse" for change in (*turn.general.values(), *probes.values())):
        return Finding(question, "loss shown", "bad", sentences)
    return Finding(question, "no loss shown", "open", sentences)


def gate(facts: Facts, turn: Turn) -> Finding:
    decision = turn.gate
    if decision is None:
        return Finding("What did the gate decide?", "no gate", "open", ["This run was made without a gate."])
    reasons = [_sentence(str(reason)) for reason in decision.get("reasons") or []]
    others = [str(each.number) for each in facts.turns if each is not turn and not (each.gate or decision)["accepted"]]
    if others:
        reasons.append(f"Also rejected: round {listed(others)}.")
    if decision["accepted"]:
        checks = decision.get("checks") or []
        passed = sum(bool(check.get("passed")) for check in checks)
        text = f"Round {turn.number} is accepted: {passed} of {len(checks)} limits kept." if checks else "Accepted."
        return Finding(
            "What did the gate decide?", "accepted", "good" if passed == len(checks) else "open", [text, *reasons]
        )
    return Finding("What did the gate decide?", "rejected", "bad", [f"Round {turn.number} is rejected.", *reasons])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
