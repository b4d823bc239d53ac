"""The gate: whether a round's model is accepted, or the last accepted one kept.

It looks at selection questions and general tasks only. Held-out questions and siblings, by which a run is reported,
decide nothing: a round chosen by them would look better than it is.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cem_toolkit.config import GateConfig
from cem_toolkit.outcomes import GENERAL, Answers, Pairs, paired

if TYPE_CHECKING:
    from cem_toolkit.stats import Change

Neutral = Mapping[str, float] | None
"""Tokens and nats of the neutral text, or None where it could not be scored."""


@dataclass(frozen=True, slots=True)
class Check:
    """One limit. `value` is None where there was nothing to measure; such a check passes."""

    name: str
    value: float | None
    limit: float
    passed: bool
    said: str
    """What was found, in a sentence's part."""


@dataclass(frozen=True, slots=True)
class Decision:
    accepted: bool
    reasons: tuple[str, ...]
    """Why not; empty where accepted. With the gate disabled: why not if it were enabled."""
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def decide(
    config: GateConfig,
    start: Answers,
    before: Answers,
    after: Answers,
    neutral: tuple[Neutral, Neutral],
) -> Decision:
    """`start` are the starting model's answers, `before` those of the model that the round began with, `after` the
    round's. What a round may break is measured against `before`, what a run may forget against `start`. `neutral` is
    of the starting model and of the round's."""
    from cem_toolkit.stats import adjusted, compare

    watched = [found for name, found in paired(start, after, ()).items() if name.startswith(GENERAL)]
    sets = {"selection": paired(before, after, ())["selection"], "general": _together(watched)}
    family = {name: compare(found.pairs, found.groups) for name, found in sets.items() if found.pairs}
    changes = adjusted(family, config.alpha)
    checks = [
        _break_rate(config, changes.get("selection")),
        _general_loss(config, changes.get("general")),
        _perplexity(config, *neutral),
        *(_significant(config, name, changes.get(name)) for name in sets),
    ]
    if config.gain:
        checks.append(_gain(config, changes.get("selection")))
    reasons = tuple(check.said for check in checks if not check.passed)
    return Decision(accepted=not reasons or not config.enabled, reasons=reasons, checks=tuple(checks))


def _together(sets: Iterable[Pairs]) -> Pairs:
    every = Pairs()
    for found in sets:
        every.pairs += found.pairs
        every.groups += found.groups
    return every


def _break_rate(config: GateConfig, change: "Change | None") -> Check:
    if change is None or not change.right_before:
        return Check("break rate", None, config.break_rate, True, "no selection question was right before")
    rate = change.broken / change.right_before
    said = (
        f"breaks {change.broken} of {change.right_before} selection questions that were right ({rate:.1%}; "
        f"the limit is {config.break_rate:.1%})"
    )
    return Check("break rate", rate, config.break_rate, rate <= config.break_rate, said)


def _general_loss(config: GateConfig, change: "Change | None") -> Check:
    if change is None:
        return Check("general loss", None, config.general_loss, True, "there are no general questions")
    lost = change.right_before - change.right_after
    rate = lost / change.n
    said = f"loses {lost} of {change.n} general questions, net ({rate:.1%}; the limit is {config.general_loss:.1%})"
    return Check("general loss", rate, config.general_loss, rate <= config.general_loss, said)


def _perplexity(config: GateConfig, start: Neutral, after: Neutral) -> Check:
    if not start or not after:
        return Check("perplexity", None, config.perplexity, True, "perplexity was not measured")
    growth = math.expm1(min(start["nats"] / start["tokens"] - after["nats"] / after["tokens"], 700.0))
    change = f"changes by {growth:+.1%}" if growth < 10 else f"grows {growth + 1:.2g}-fold"
    said = f"perplexity on neutral text {change} (the limit is {config.perplexity:+.1%})"
    return Check("perplexity", growth, config.perplexity, growth <= config.perplexity, said)


def _significant(config: GateConfig, name: str, change: "Change | None") -> Check:
    label = f"significant loss: {name}"
    if change is None:
        return Check(label, None, config.alpha, True, f"there are no {name} questions")
    worse = change.verdict == "worse"
    became = "become significantly worse" if worse else "do not become significantly worse"
    said = f"{name} questions {became} ({change.points * 100:+.1f} points, p {change.p_adjusted:.3g})"
    return Check(label, change.p_adjusted, config.alpha, not worse, said)


def _gain(config: GateConfig, change: "Change | None") -> Check:
    if change is None:
        return Check("gain", None, config.alpha, False, "cannot show a gain: there are no selection questions")
    better = change.verdict == "better"
    said = (
        f"shows {'a' if better else 'no'} gain: selection {change.points * 100:+.1f} points, p {change.p_adjusted:.3g}"
    )
    return Check("gain", change.p_adjusted, config.alpha, better, said)
