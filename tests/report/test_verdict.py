"""The verdict follows from the figures, and is never kinder than they are."""

from pathlib import Path
from typing import Any

from cem_toolkit.report.facts import Facts
from cem_toolkit.report.verdict import judge
from cem_toolkit.run import Run


def change(gain: int, verdict: str, n: int = 1000) -> dict[str, Any]:
    """A change by `gain` of `n` questions, of which half were right."""
    fixed, broken = (gain + 50, 50) if gain >= 0 else (50, 50 - gain)
    counts = {"n": n, "right_before": n // 2, "right_after": n // 2 + gain, "fixed": fixed, "broken": broken}
    return {**counts, "low": gain / n - 0.02, "high": gain / n + 0.02, "p_adjusted": 0.01, "verdict": verdict}


def facts(changes: dict[str, Any], **more: Any) -> Facts:
    """One finished round, with an accepting gate and a general task that did not change."""
    changes = {"general: codes": change(0, "no change shown"), **changes}
    turn = {
        "round": 1,
        **{name: found for name, found in changes.items() if not name.startswith("general: ")},
        "general": {"codes": changes["general: codes"]},
        "changes": changes,
        "gate": {"accepted": True, "base": 0, "reasons": [], "checks": []},
        **more,
    }
    shipped = 1 if turn["gate"]["accepted"] else 0
    summary = {
        "run": "a-run",
        "rounds": [turn],
        "finished": True,
        "shipped": shipped,
        "note": "",
        "model": "m",
        "seed": 0,
    }
    return Facts(Run(Path("a-run")), summary)


GAINS = {
    "mined": change(100, "better"),
    "siblings": change(60, "better"),
    "held_out": change(10, "no change shown"),
}
RANDOM = {"random": {"against": {"siblings": change(50, "better")}}}
NOISE = {"siblings": {"n": 4, "half_width": 0.04}, "held_out": {"n": 4, "half_width": 0.01}}


def said(given: Facts) -> str:
    return " ".join(sentence for finding in judge(given).findings for sentence in finding.sentences)


def test_no_finished_round_is_nothing_to_decide() -> None:
    verdict = judge(Facts(Run(Path("a-run")), {"rounds": [], "finished": False, "note": ""}))
    assert verdict.answer.startswith("Nothing to decide")


def test_all_conditions_shown_speak_for_it() -> None:
    assert judge(facts(GAINS, arms=RANDOM, noise=NOISE)).tone == "good"


def test_one_training_beside_one_other_shows_no_knowledge() -> None:
    given = facts(GAINS, arms=RANDOM)
    assert judge(given).answer == "Only with care."
    assert "by how much two trainings of one recipe differ is not known" in said(given)


def test_a_lead_on_random_passages_within_what_a_seed_changes_is_not_called_knowledge() -> None:
    noise = {"siblings": {"n": 3, "half_width": 0.055}, "held_out": {"n": 3, "half_width": 0.01}}
    given = facts(GAINS, arms=RANDOM, noise=noise)
    assert judge(given).answer == "Only with care."
    assert "Two trainings of one recipe differ on siblings by up to 5.5 points" in said(given)


def test_a_rejected_round_is_a_no_with_the_gates_reasons() -> None:
    gate = {"accepted": False, "base": 0, "reasons": ["breaks 40 of 100"], "checks": []}
    given = facts(GAINS, arms=RANDOM, gate=gate)
    assert judge(given).answer == "No."
    assert "Breaks 40 of 100" in said(given)


def test_any_shown_loss_is_a_no() -> None:
    given = facts({**GAINS, "general: codes": change(-80, "worse")}, arms=RANDOM)
    assert judge(given).answer.startswith("No, not without")


def test_a_gain_on_mined_questions_alone_is_no_case() -> None:
    given = facts({"mined": change(100, "better"), "held_out": change(10, "no change shown")}, arms=RANDOM)
    assert judge(given).answer == "No case for it."


def test_a_gain_within_what_a_seed_changes_is_no_case() -> None:
    noise = {"siblings": {"n": 3, "half_width": 0.07}, "held_out": {"n": 3, "half_width": 0.0}}
    assert judge(facts(GAINS, arms=RANDOM, noise=noise)).answer == "No case for it."


def test_what_held_out_questions_gain_as_well_is_not_called_knowledge() -> None:
    given = facts({**GAINS, "held_out": change(120, "better")}, arms=RANDOM, noise=NOISE)
    assert judge(given).answer == "Only with care."
    assert "form of the answers, not for knowledge" in said(given)


def test_it_says_how_many_are_fixed_of_what_was_told_beside_random_passages() -> None:
    def told(*fixed: int) -> dict[str, dict[str, int]]:
        names = ("trained", "shown", "not_shown")
        return {name: {"wrong": 40, "fixed": each} for name, each in zip(names, fixed, strict=True)}

    random = {"random": {**RANDOM["random"], "told": told(4, 10, 10)}}
    text = said(facts(GAINS, arms=random, noise=NOISE, told=told(20, 12, 8)))
    assert "stands in what was trained on, fixed: 20 of 40 (50.0%), with random passages 4 of 40 (10.0%)." in text
    assert "the other mistakes, fixed: 20 of 80 (25.0%), with random passages 20 of 80 (25.0%)." in text
    assert "trained on, fixed: 20 of 40 (50.0%)." in said(facts(GAINS, told=told(20, 12, 8)))
    nothing = {"trained": {"wrong": 0, "fixed": 0}}
    assert "what was trained on" not in said(facts(GAINS, told=told(0, 1, 1) | nothing))


def test_without_a_random_arm_knowledge_is_not_known() -> None:
    given = facts(GAINS)
    assert judge(given).answer == "Only with care."
    assert "No random-passage arm was run" in said(given)
    assert "One seed only" in said(given)


def test_an_older_summary_without_tests_claims_nothing() -> None:
    counts = {"n": 10, "right_before": 2, "right_after": 9, "fixed": 7, "broken": 0}
    old = {"round": 1, "mined": counts, "held_out": counts, "general": {}}
    given = Facts(Run(Path("a-run")), {"rounds": [old], "finished": True, "model": "m", "seed": 0})
    assert judge(given).answer == "No case for it."
    assert "not tested" in said(given)
