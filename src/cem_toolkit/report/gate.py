"""What the gate decided about every round, limit by limit."""

from typing import Any

from cem_toolkit.report.facts import Facts


def gates(facts: Facts) -> list[dict[str, Any]]:
    found = []
    for turn in facts.turns:
        if turn.gate is not None:
            base = int(turn.gate.get("base", turn.number - 1))
            found.append(
                {
                    "round": turn.number,
                    "base": f"round {base}" if base else "the starting model",
                    "accepted": bool(turn.gate["accepted"]),
                    "reasons": [str(reason) for reason in turn.gate.get("reasons") or []],
                    "checks": [_check(check) for check in turn.gate.get("checks") or []],
                }
            )
    return found


def _check(check: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(check.get("name", "")),
        "value": _number(check.get("value")),
        "limit": _number(check.get("limit")),
        "passed": bool(check.get("passed")),
        "said": str(check.get("said") or ""),
    }


def _number(value: Any) -> str:
    """Limits are shares, growths or significances: three digits tell each."""
    return f"{value:.3g}".replace("-", "−") if isinstance(value, int | float) else "not measured"
