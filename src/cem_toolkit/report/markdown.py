"""`report.md`: one screen for a pull request."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from cem_toolkit.plain import plain
from cem_toolkit.report.accuracy import arm_table
from cem_toolkit.report.facts import Change, Facts, Turn, in_order
from cem_toolkit.report.origin import model_name
from cem_toolkit.report.training import measured
from cem_toolkit.report.transfer import probes, transfer
from cem_toolkit.report.unknown import partly
from cem_toolkit.report.verdict import judge
from cem_toolkit.report.words import arm_label, label, p_value, percent, share, signed, span

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_REFERENCE = re.compile(r"([@#])(?=\w)")


def escape(text: str) -> str:
    """`text` as Markdown that shows it as it is, on one line: no link, image, tag, mention or cell comes of it."""
    line = " ".join(plain(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub(r"\1<!-- -->", _SPECIAL.sub(r"\\\1", line))  # a forge sees references in escaped text too


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already; all columns but the first are numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def front_matter(fields: Mapping[str, Any]) -> str:
    """A card's fields as YAML between two lines, to stand at its beginning."""
    return f"---\n{yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True)}---"


def pull_request(facts: Facts) -> str:
    """The verdict, the changes, the arms and the gate."""
    verdict, turn = judge(facts), facts.focus
    parts = [
        f"## {verdict.question} {verdict.answer}",
        escape(verdict.because),
        "\n".join(
            f"- **{finding.question}** *{finding.mark}*: {escape(' '.join(finding.sentences))}"
            for finding in verdict.findings
        ),
    ]
    if turn:
        parts += [changes_table(turn), _kept(facts), *_arms(facts, turn), *_measured(turn)]
    rounds = ", ".join(f"`round-{each.number}/`" for each in facts.turns)
    name = escape(facts.run.name)
    parts.append(
        f"Run `{facts.run.name.replace('`', '')}` of {escape(model_name(facts))}, seed {facts.summary['seed']}"
        + (f", with {rounds}" if rounds else "")
        + f". The whole report is `report.html` in the run’s folder; `cem-toolkit show {name}` prints the figures."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def changes_table(turn: Turn) -> str:
    """Every set of questions against the starting model."""
    rows = []
    for name in in_order(turn.changes):
        change = turn.changes[name]
        between = span(change.low, change.high) if change.low is not None and change.high is not None else "not tested"
        tested = f"{change.verdict}, {p_value(change.p)}" if change.verdict and change.p is not None else "–"
        before, after = percent(change.before), percent(change.after)
        asked = f"{change.n:,} of {change.total:,}" if change.part else f"{change.n:,}"
        fixed, broken = share(change.fixed, change.wrong_before), share(change.broken, change.right_before)
        cells = [asked, f"{before} → {after}", f"{signed(change.points)} ({between})", tested, fixed, broken]
        rows.append([escape(label(name)), *cells])
    head = ["questions", "n", "right", "points (95%)", "verdict", "fixed, of wrong", "broken, of right"]
    said = partly([turn])
    return table(head, rows) + (f"\n\n{said}" if said else "")


def _kept(facts: Facts) -> str:
    """What rounds passed on to each other, and what the probes say."""
    rows = [[f"{name}: {meaning}", value] for name, value, meaning in transfer(facts.summary)]
    rows += [
        [f"probe of {escape(name)}: the start, then each round", " → ".join(counts)]
        for name, counts in probes([turn.data for turn in facts.turns])
    ]
    return table(["over all rounds", ""], rows) if rows else ""


def _measured(turn: Turn) -> Iterator[str]:
    """What the trainer had to say besides."""
    for found in measured(turn):
        yield f"### {escape(found.title)}"
        yield escape(found.text)
        yield table([*map(escape, found.columns)], ([*map(escape, row)] for row in found.rows))


def _arms(facts: Facts, turn: Turn) -> list[str]:
    found = arm_table(facts, turn)
    if not found:
        return []
    right = table(
        ["model", *map(escape, found["sets"])],
        ([escape(name), *(figure for figure, _ in cells)] for name, _, _, cells in found["rows"]),
    )
    sets = [name for name in ("mined", "siblings", "held_out") if name in turn.changes]
    less = table(
        ["this round less", *map(label, sets)],
        (
            [escape(arm_label(name)), *(_difference(turn.against(name).get(each)) for each in sets)]
            for name in turn.arms
        ),
    )
    return [f"Beside the control arms, right answers:\n\n{right}", less if turn.arms else ""]


def _difference(change: Change | None) -> str:
    if change is None:
        return "–"
    return f"{signed(change.points)} ({change.verdict})" if change.verdict else signed(change.points)
