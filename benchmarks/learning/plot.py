"""What the arms fix and break as pictures: each rate with its interval, and what is fixed against what is broken.

    python benchmarks/learning/plot.py [RESULTS.json …] [--out docs/images]

RESULTS are files that `study.py` wrote, by default those of docs/results.md; one that does not exist is passed over.
Writes learning.svg and trade.svg.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle
from pathlib import Path
from typing import Any

from drawing import INK, Plane, dot, labels, svg, text
from tally import named

from cem_toolkit.report.svg import HEIGHT, Scale, axis, track

ROOT = Path(__file__).parents[2]
FILES = tuple(ROOT / "benchmarks" / "results" / f"learning{part}.json" for part in ("", "_keeping", "_seeds", "_sets"))
RATES = {
    "fixed of those told": ("told", "fix_rate", "fixed, % of the mistakes told"),
    "fixed of all": ("mistakes", "fix_rate", "fixed, % of all mistakes"),
    "broken": ("unreviewed", "break_rate", "broken, % of right answers not reviewed"),
}
"""A panel's title; its questions, rate and unit."""
PUBLISHED = (24.93 / (100 - 42.93), 12.68 / 42.93)
"""Fixed of what was wrong and broken of what was right: CuteGPT-13B, N+E+R (examples/reproduce-cem/README.md)."""
CONTROL = "random passages"
NAMES, PANEL, GAP = 200, 190, 26
"""Of learning.svg: the width of the arms' names and of a panel, and what is between panels."""
COLOURS = ("#2b6cb0", "#b7791f", "#2f855a", "#805ad5", "#c53030", "#0f7f8c", "#97266d", "#555")
Sets = Mapping[str, Mapping[str, Any]]
Row = tuple[int, str, Mapping[str, Any]]  # how far down, the arm and its figures


def read(files: Iterable[Path]) -> Sets:
    """By set the arms of all files that exist, under the names that the tables give them."""
    sets: dict[str, dict[str, Any]] = {}
    for file in filter(Path.is_file, files):
        for name, arms in json.loads(file.read_text(encoding="utf-8"))["sets"].items():
            sets.setdefault(name, {}).update({named(arm, figures): figures for arm, figures in arms.items()})
    return sets


def learning(sets: Sets) -> str:
    """A row to each arm of each set, and a panel to each rate."""
    parts = [text(16, 24, "What each arm fixes and breaks", size=15)]
    rows, y = list[Row](), 58
    for name, arms in sets.items():
        parts.append(text(NAMES - 10, y + 15, name, 1, bold=True))
        for arm, figures in arms.items():
            y += HEIGHT
            parts.append(text(NAMES - 10, y + 15, arm, 1))
            rows.append((y, arm, figures))
        y += HEIGHT
    parts += chain(*(_panel(rows, title, NAMES + (PANEL + GAP) * place) for place, title in enumerate(RATES)))
    legend = "Lines are 95 % intervals over groups of questions; hollow is the control: the recipe on random passages."
    return svg(NAMES + (PANEL + GAP) * len(RATES), y + 70, [*parts, text(NAMES, y + 56, legend)])


def _panel(rows: Sequence[Row], title: str, left: int) -> Iterator[str]:
    questions, rate, unit = RATES[title]
    found = [_rate(figures, questions, rate) for _, _, figures in rows]
    scale = Scale(0, 1) if rate == "fix_rate" else Scale.over([0, *(each[2] for each in found if each)])
    yield text(left + PANEL / 2, 50, title, 0.5, size=13)
    for (y, arm, _), values in zip(rows, found, strict=True):
        kind = f"{rate} control" if _control(arm) else rate
        drawn = track(scale, *values, kind) if values else text(PANEL / 2, 15, "–", 0.5)
        yield f'<svg x="{left}" y="{y}" width="{PANEL}" height="{HEIGHT}">{drawn}</svg>'
    end = rows[-1][0] + HEIGHT
    yield f'<svg x="{left}" y="{end}" width="{PANEL}" height="18">{axis(scale)}</svg>'
    yield text(left + PANEL / 2, end + 32, unit, 0.5)


def trade(sets: Sets) -> str:
    """A dot to each arm: what it fixes across, what it breaks up."""
    colours = dict(zip(sets, cycle(COLOURS), strict=False))
    arms = {(name, arm): figures for name, of in sets.items() for arm, figures in of.items()}
    known = {key: pair for key, figures in arms.items() if (pair := _both(figures))}
    across, up = (Scale.over([0, *each]) for each in zip(PUBLISHED, *known.values(), strict=True))
    plane = Plane(across, up)
    parts = [text(16, 24, "What is fixed, and what is broken for it", size=15)]
    parts += plane.axes(RATES["fixed of all"][2], RATES["broken"][2])
    x, y = plane.at(PUBLISHED)
    parts.append(f'<path d="M{x - 6:.1f} {y:.1f}h12m-6 -6v12" stroke="{INK}" stroke-width="2"/>')
    wanted = [(x, y, "CEM as published: other models and questions", INK)]
    for (name, arm), pair in known.items():
        wanted.append((*plane.at(pair), arm.removeprefix(CONTROL).lstrip(", "), colours[name]))
        parts.append(dot(*plane.at(pair), colours[name], _control(arm)))
    parts += labels(wanted, plane.right)
    y = plane.bottom + 36
    for name, colour in (*colours.items(), (CONTROL, INK)):
        parts += [dot(plane.left + 5, y - 4, colour, _control(name)), text(plane.left + 16, y, name)]
        y += 17
    return svg(plane.right + 20, y, parts)


def _rate(figures: Mapping[str, Any], questions: str, rate: str) -> tuple[float, float, float] | None:
    """With the ends of its interval; None where there is no such question."""
    found = figures["sets"].get(questions, {}).get(rate)
    return (found[0], found[1], found[2]) if found else None


def _both(figures: Mapping[str, Any]) -> tuple[float, float] | None:
    fixed, broken = (_rate(figures, *RATES[title][:2]) for title in ("fixed of all", "broken"))
    return (fixed[0], broken[0]) if fixed and broken else None


def _control(arm: str) -> bool:
    return arm.startswith(CONTROL)


PICTURES = {"learning.svg": learning, "trade.svg": trade}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=FILES, metavar="RESULTS.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    given = parser.parse_args()
    for name, draw in PICTURES.items():
        (given.out / name).write_text(draw(read(given.files)), encoding="utf-8")


if __name__ == "__main__":
    main()
