"""Whether to ship: one plain answer, and the findings that it follows from. Never kinder than the figures."""

from collections.abc import Iterable
from dataclasses import dataclass

from cem_toolkit.report.facts import UNSEEN, Facts, Turn
from cem_toolkit.report.findings import (
    Finding,
    beyond_noise,
    broken,
    chance,
    fixed,
    forgotten,
    gate,
    knowledge,
    knowledge_shown,
)
from cem_toolkit.report.unknown import unknowns
from cem_toolkit.report.words import label, listed


@dataclass(frozen=True)
class Verdict:
    question: str
    answer: str
    tone: str
    because: str
    findings: list[Finding]


def judge(facts: Facts) -> Verdict:
    """What a reader needs to decide. The answer is yes only where every one of its conditions is shown."""
    turn = facts.focus
    if turn is None:
        why = str(facts.summary.get("note") or "The run is not finished.")
        unfinished = "Nothing to decide yet: no round is finished."
        return Verdict("Ship the new model?", unfinished, "open", why, [])
    findings = [
        fixed(turn),
        broken(turn),
        chance(turn),
        knowledge(turn),
        forgotten(facts, turn),
        gate(facts, turn),
    ]
    findings.append(Finding("What is not known?", "open", "open", unknowns(facts, turn)))
    answer, tone, because = _answer(turn)
    return Verdict(f"Ship round {turn.number}?", answer, tone, because, findings)


def _answer(turn: Turn) -> tuple[str, str, str]:
    if turn.gate and not turn.gate["accepted"]:
        return "No.", "bad", "The gate rejected every round; the starting model stays the best one known."
    worse = _verdicts(turn, "worse", [name for name in turn.changes if name != "reviewed"])
    if worse:
        return "No, not without a closer look.", "bad", f"Shown to be worse: {listed(worse)} questions."
    better = _verdicts(turn, "better", UNSEEN)
    return _case(turn, f"A gain is shown on {listed(better)} questions" if better else "")


def _case(turn: Turn, gain: str) -> tuple[str, str, str]:
    """What speaks for a round by which nothing is shown to be worse."""
    if not gain:
        return "No case for it.", "open", "No gain is shown on questions that the training never used."
    if beyond_noise(turn) is False:
        return "No case for it.", "open", f"{gain}, but it is no larger than what another seed changes."
    if not turn.general:
        return "Only with care.", "open", f"{gain}; whether anything was forgotten was not watched."
    if not knowledge_shown(turn):
        return "Only with care.", "open", f"{gain}; that knowledge made it is not shown."
    return "The figures speak for it.", "good", f"{gain}, more than with random passages, and no loss is shown."


def _verdicts(turn: Turn, verdict: str, names: Iterable[str]) -> list[str]:
    return [label(name) for name in names if name in turn.changes and turn.changes[name].verdict == verdict]
