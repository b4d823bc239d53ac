"""What `evolve`, `resume` and `show` print of a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from cem_toolkit.cli.tables import make_console
from cem_toolkit.outcomes import GENERAL
from cem_toolkit.report.transfer import transfer
from cem_toolkit.report.words import perplexity
from cem_toolkit.summary import told_and_others

NAMES = {
    "mined": "mined",
    "siblings": "siblings of mined",
    "held_out": "held out",
    "selection": "selection",
    "reviewed": "reviewed",
}
SIGNS = {"better": "yes", "worse": "a loss", "no change shown": "not shown"}


def print_summary(summary: Mapping[str, Any]) -> None:
    console = make_console()
    model, seed = escape(str(summary["model"])), escape(str(summary["seed"]))
    console.print(f"run {escape(summary['run'])}: {model}, seed {seed}", soft_wrap=True)
    for turn in summary["rounds"]:
        console.print(_changes(turn))
        if turn["arms"]:
            console.print(_arms(turn))
        console.print(escape("\n".join(f"  {line}" for line in _lines(turn))), soft_wrap=True)
    if passed_on := "; ".join(f"{name} {value}" for name, value, _ in transfer(summary)):
        console.print(f"over all rounds: {passed_on}", soft_wrap=True)
    if not summary["finished"]:
        console.print(f"not finished; `cem-toolkit resume {escape(summary['run'])}` goes on")
    if summary["note"]:
        console.print(escape(summary["note"]))
    if summary["rounds"] and not summary["shipped"]:
        console.print("no round was accepted: the starting model stays")
    console.print(f"run folder: {escape(summary['folder'])}", soft_wrap=True)


def _changes(turn: Mapping[str, Any]) -> Table:
    table = _table(f"round {turn['round']}, against the starting model" + _asked(turn))
    table.add_column("questions", overflow="fold")
    for name in ("n", "right before", "right after", "points [95 %]", "fixed of wrong", "broken of right", "gain"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, change in turn["changes"].items():
        n, before = change["n"], change["right_before"]
        part = _part(change)
        table.add_row(
            escape(NAMES.get(name, name)),
            f"{n:,} of {change['total']:,}" if part else f"{n:,}",
            *(f"{'~' if part and when == 'after' else ''}{_right(change, when, part)}" for when in ("before", "after")),
            escape(_about(change)),
            _rate(change["fixed"], n - before),
            _rate(change["broken"], before),
            SIGNS[change["verdict"]],
        )
    return table


def _right(change: Mapping[str, Any], when: str, part: bool) -> str:
    """How many were right; of a set that was asked in part the share alone, for counts would be of that part."""
    right = change[f"right_{when}"]
    return f"{change[f'share_{when}']:.1%}" if part else f"{right:,} ({right / change['n']:.1%})"


def _part(change: Mapping[str, Any]) -> bool:
    """Whether not all of the set was asked; in summaries of earlier versions, all were."""
    return bool(change["n"] < change.get("total", 0))


def _asked(turn: Mapping[str, Any]) -> str:
    asked = turn.get("asked")
    if not asked or asked["n"] == asked["total"]:
        return ""
    return (
        f" (asked {asked['n']:,} of {asked['total']:,} questions; ~ marks estimates for a whole set, and fixed and "
        "broken are counts of the questions asked)"
    )


def _arms(turn: Mapping[str, Any]) -> Table:
    names = [name for name in ("mined", "siblings", "held_out") if name in turn["changes"]]
    names += [name for name in turn["changes"] if name.startswith(GENERAL)]
    table = _table("points against the starting model [95 %], by what was trained on")
    table.add_column("trained on")
    for name in names:
        table.add_column(escape(NAMES.get(name, name)), justify="right")
    table.add_row(f"round {turn['round']}", *(escape(_about(turn["changes"][name])) for name in names))
    for arm, figures in turn["arms"].items():
        cells = (figures["changes"].get(name) for name in names)
        table.add_row(escape(arm), *(escape(_about(cell)) if cell else "-" for cell in cells))
    return table


def _table(title: str) -> Table:
    """Without lines between columns, so that the names of tasks have room."""
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 0, 0, 1))


def points(change: Mapping[str, Any]) -> str:
    """A change in points with its interval."""
    return f"{change['points'] * 100:+.1f} [{change['low'] * 100:+.1f}, {change['high'] * 100:+.1f}]"


def _about(change: Mapping[str, Any]) -> str:
    """The same, marked where it is an estimate."""
    return ("~" if _part(change) else "") + points(change)


def _rate(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({part / whole:.1%})" if whole else "-"


def _lines(turn: Mapping[str, Any]) -> Iterator[str]:
    arms, random = turn["arms"], turn["arms"].get("random", {})
    if against := random.get("against", {}).get("mined"):
        verdict = {"better": "more", "worse": "less"}.get(against["verdict"], "no difference shown")
        yield f"against random passages: mined {_about(against)} points, p {against['p_adjusted']:.2g}: {verdict}"
        if floor := (turn["noise"] or {}).get("mined"):
            yield f"two trainings of one recipe differ by up to {floor['half_width'] * 100:.1f} points (mined)"
        else:
            yield "by how much two trainings of one recipe differ is not known: either is one of many (`--seeds 4`)"
    elif not arms:
        yield "knowledge or form? not known: no control arm was trained (`--arms random`)"
    opened, neutral, gate = turn["open_book"], turn["neutral"], turn["gate"]
    if opened and opened.get("tested"):
        fixed = _rate(opened["fixed_by_best"], opened["tested"])
        other = _rate(opened["fixed_by_other"], opened["controlled"]) if opened.get("controlled") else ""
        yield f"open book: the best passage alone, put before the question, fixes {fixed} of the mistakes" + (
            f"; one found for another mistake {other}" if other else ""
        )
    if wrong := turn["told"]["trained"]["wrong"]:
        told, others = (_rate(*each) for each in told_and_others(turn["told"]))
        beside = ["", ""]
        if random:
            beside = [f", by random passages {_rate(*each)}" for each in told_and_others(random["told"])]
        yield f"the answer stands in what was trained on for {wrong:,} mistakes: {told} of these are fixed{beside[0]}"
        yield f"of the other mistakes {others} are fixed{beside[1]}"
    if neutral:
        before, after = (perplexity(neutral[f"perplexity_{when}"]) for when in ("before", "after"))
        yield f"perplexity on neutral text: {before} -> {after}"
    if probes := turn.get("probes"):
        yield "probes: " + ", ".join(
            f"{name} {change['right_before']} -> {change['right_after']} of {change['n']}"
            for name, change in probes.items()
        )
    if gate:
        yield (
            "gate: " + ("accepted" if gate["accepted"] else "rejected") + "".join(f"; {why}" for why in gate["reasons"])
        )
    mistakes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(turn["mistakes"].items()))
    if (denied := turn.get("contradicted")) and denied["passages"]:
        yield (
            f"contradicted by another source: {denied['passages']:,} sentences, {denied['used']:,} of them used "
            "(pieces.contradictions)"
        )
    rows = ", ".join(f"{count:,} {kind}" for kind, count in turn["rows"].items())
    dropped = ", ".join(f"{count:,} for {reason}" for reason, count in turn["dropped"].items())
    yield f"mistakes: {mistakes or 'none'}; passages: {turn['passages']:,}; dropped as leaks: {dropped or 'none'}"
    yield f"training rows: {rows or 'none'}; {turn['tokens']:,} tokens a pass"
    seconds = ", ".join(f"{name} {value:,.0f} s" for name, value in turn["seconds"].items())
    yield f"time: {seconds}" + (f" (reused: {', '.join(turn['reused'])})" if turn["reused"] else "")
    yield f"model {turn['model']['before']} -> {turn['model']['after']}"
