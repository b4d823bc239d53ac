"""The page: all parts put into one HTML file that needs nothing else."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cem_toolkit import __version__
from cem_toolkit.outcomes import GENERAL
from cem_toolkit.report import accuracy, cost, forgetting, training
from cem_toolkit.report.attribution import Origin
from cem_toolkit.report.contribution import contribution
from cem_toolkit.report.facts import Facts, Turn
from cem_toolkit.report.gate import gates
from cem_toolkit.report.origin import model_name, origin
from cem_toolkit.report.questions import Questions
from cem_toolkit.report.transfer import probes
from cem_toolkit.report.unknown import partly
from cem_toolkit.report.verdict import judge
from cem_toolkit.report.words import label, listed, plural, share, signed

MOST_WORKS = 200
"""Titles of one source under one licence that the page lists."""
SCRIPTS = ("store.js", "detail.js", "table.js")
SECTIONS = (
    ("verdict", "Verdict"),
    ("accuracy", "Accuracy"),
    ("flow", "Fixed and broken"),
    ("arms", "Control arms"),
    ("contribution", "Sources and rows"),
    ("forgetting", "Forgetting"),
    ("gate", "Gate"),
    ("training", "Training and time"),
    ("questions", "Every question"),
    ("origin", "Make it again"),
    ("attribution", "Whose text"),
)


def render(facts: Facts, questions: Questions, origins: list[Origin]) -> Iterator[str]:
    """The page in pieces, in order. `questions` holds all entries of the run's ledger."""
    style, script = _static("page.css"), "\n".join(map(_static, SCRIPTS))
    turn = facts.focus
    return _template().generate(
        style=Markup(style),  # noqa: S704 (ours, and named by its hash in the policy)
        script=Markup(script),  # noqa: S704 (the same)
        policy=_policy(style, script),
        version=__version__,
        sections=SECTIONS,
        blocks=lambda: _blocks(questions),
        **_head(facts),
        **_outcomes(facts, turn),
        **_lessons(turn, questions),
        **_costs(facts),
        attribution=origins,
        most_works=MOST_WORKS,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("cem_toolkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(share=share, path=_path, web=_web)
    return environment.get_template("page.html")


def _static(name: str) -> str:
    return (files("cem_toolkit.report") / "static" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded or sent, and nothing runs but our own style and script, named by their hashes."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _blocks(questions: Questions) -> Iterator[tuple[str, str]]:
    if questions.count:
        yield "index", questions.index()
        for blocks in (questions.blocks, questions.material.passage_blocks, questions.material.row_blocks):
            yield from blocks.packed()


def _head(facts: Facts) -> dict[str, Any]:
    tasks = [str(task).rstrip("/").rpartition("/")[2] for task in facts.run.config.get("tasks") or []]
    times = [str(event["time"]) for event in facts.run.events if event.get("time")]
    return {
        "run": facts.run.name,
        "model": model_name(facts),
        "tasks": listed(tasks),
        "rounds": plural(len(facts.turns), "round"),
        "rounds_done": len(facts.turns),
        "when": times[-1][:10] if times else "",
        "number": facts.focus.number if facts.focus else 0,
        "verdict": judge(facts),
    }


def _outcomes(facts: Facts, turn: Turn | None) -> dict[str, Any]:
    flows = accuracy.flows(turn) if turn else []
    return {
        "accuracies": accuracy.accuracies(facts),
        "changes": accuracy.changes(turn) if turn else None,
        "partly": partly(facts.turns),
        "asked_in_part": bool(turn and turn.asked),
        "flows": [{**flow, "filter": _filter(flow["name"])} for flow in flows],
        "arms": accuracy.arms(turn) if turn else None,
        "arm_table": accuracy.arm_table(facts, turn) if turn else None,
        "noise": _noise(turn),
        "heat": forgetting.heat(facts),
        "quarters": forgetting.quarters(facts),
        "neutral": forgetting.neutral(facts),
        "probes": probes([turn.data for turn in facts.turns]),
        "probed": ["start", *(f"round {turn.number}" for turn in facts.turns)],
        "gates": gates(facts),
    }


def _noise(turn: Turn | None) -> list[tuple[str, str]]:
    noise = (turn.get("noise") if turn else None) or {}
    known = [
        (name, found["half_width"]) for name, found in noise.items() if found and found.get("half_width") is not None
    ]
    return [(label(name), signed(width).lstrip("+")) for name, width in known]


def _filter(name: str) -> str:
    """What the address of the question table needs to show the set `name`."""
    if name.startswith(GENERAL):
        return "&split=general"
    return {"siblings": "&split=sibling", "reviewed": ""}.get(name, f"&split={name}")


def _lessons(turn: Turn | None, questions: Questions) -> dict[str, Any]:
    dropped = sorted(((turn.get("dropped") if turn else None) or {}).items(), key=lambda item: -item[1])
    return {
        "contribution": contribution(turn, questions.material, questions.tallies) if turn else None,
        "dropped": [(reason, f"{count:,}") for reason, count in dropped],
        "contradicted": turn.get("contradicted") if turn else None,
        "questions": questions,
        "material": questions.material,
        "first": questions.shown_at_once(),
    }


def _costs(facts: Facts) -> dict[str, Any]:
    return {
        "losses": training.losses(facts),
        "stages": cost.stages(facts),
        "total": cost.total(facts),
        "origin": origin(facts),
    }


def _web(url: str) -> bool:
    """Whether `url` may be a link: retrieved text may name any address, and `javascript:` is one too."""
    return url.lower().startswith(("https://", "http://"))


def _path(steps: str) -> Markup:
    """Right and wrong over the rounds, as signs and, for screen readers, in words."""
    signs = {"1": ("r", "✓", "right"), "0": ("w", "✗", "wrong")}
    told = [signs.get(step, ("n", "–", "not asked")) for step in steps]
    shown = Markup("").join(Markup('<span class="{}">{}</span>').format(kind, sign) for kind, sign, _ in told)
    words = ", then ".join(word for _, _, word in told)
    return Markup('<span aria-hidden="true">{}</span><span class="unseen">{}</span>').format(shown, words)
