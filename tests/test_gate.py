"""The gate: which rounds are accepted, by what, and what is said."""

import dataclasses

from cem_toolkit.config import GateConfig
from cem_toolkit.gate import Decision, decide
from cem_toolkit.outcomes import Answer, Answers
from cem_toolkit.records import Split
from test_splits import attempt


def answers(right: int, wrong: int, split: Split = "selection", turned: int = 0) -> Answers:
    """So many right and wrong answers; of the right ones `turned` are wrong."""
    made = [dataclasses.replace(attempt(f"{split} {number}"), split=split) for number in range(right + wrong)]
    return {
        (one.task, one.id): Answer(turned <= number < right, one.split, one.group, one.margin)
        for number, one in enumerate(made)
    }


def gate(before: Answers, after: Answers, **limits: object) -> Decision:
    return decide(GateConfig.model_validate(limits), before, before, after, (None, None))


def test_a_harmless_round_passes_without_reasons() -> None:
    decision = gate(answers(50, 50), answers(60, 40))
    assert decision.accepted
    assert decision.reasons == ()


def test_too_many_broken_answers_reject() -> None:
    decision = gate(answers(50, 50), answers(50, 50, turned=6), break_rate=0.1)
    assert not decision.accepted
    assert "breaks 6 of 50 selection questions that were right (12.0%; the limit is 10.0%)" in decision.reasons
    assert gate(answers(50, 50), answers(50, 50, turned=5), break_rate=0.1).accepted


def test_a_loss_on_general_tasks_rejects() -> None:
    decision = gate(answers(80, 20, "general"), answers(80, 20, "general", turned=4), general_loss=0.03)
    assert decision.reasons == ("loses 4 of 100 general questions, net (4.0%; the limit is 3.0%)",)


def test_general_loss_is_counted_from_the_starting_model() -> None:
    start = answers(80, 20, "general")
    before, after = answers(80, 20, "general", turned=3), answers(80, 20, "general", turned=6)
    limits = GateConfig(general_loss=0.05)
    assert decide(limits, before, before, after, (None, None)).accepted
    assert not decide(limits, start, before, after, (None, None)).accepted, "small steps add up"


def test_a_significant_loss_within_the_limits_rejects() -> None:
    decision = gate(answers(500, 500), answers(500, 500, turned=30), break_rate=0.5)
    assert any("selection questions become significantly worse (-3.0 points" in reason for reason in decision.reasons)


def test_growing_perplexity_rejects() -> None:
    start, after = {"tokens": 100, "nats": -300.0}, {"tokens": 100, "nats": -340.0}
    decision = decide(GateConfig(), {}, {}, {}, (start, after))
    assert decision.reasons == ("perplexity on neutral text changes by +49.2% (the limit is +25.0%)",)
    assert decide(GateConfig(), {}, {}, {}, (after, start)).accepted


def test_a_gain_may_be_demanded() -> None:
    assert not gate(answers(50, 50), answers(52, 48), gain=True).accepted
    assert gate(answers(50, 50), answers(75, 25), gain=True).accepted
    assert not gate({}, {}, gain=True).accepted, "what is not measured is not shown"


def test_held_out_questions_decide_nothing() -> None:
    before = {**answers(50, 50), **answers(90, 10, "held_out"), **answers(90, 10, "sibling")}
    after = {**answers(50, 50), **answers(90, 10, "held_out", turned=90), **answers(90, 10, "sibling", turned=90)}
    assert gate(before, after).accepted


def test_disabled_it_accepts_and_tells_what_it_would_have_said() -> None:
    decision = gate(answers(50, 50), answers(50, 50, turned=40), enabled=False)
    assert decision.accepted
    assert decision.reasons
