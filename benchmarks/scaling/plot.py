"""The measured growth as a picture: a panel for each thing that grows, seconds over n, both by powers of ten."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, LEFT, TOP = 250, 250, 56, 30
"""Of a panel's axes, and the room before and above them."""
LINE = 15
UNITS = ("1", "10", "100", "1k", "10k", "100k", "1M")
COLOURS = ("#4a90c2", "#c2574a", "#4aa564", "#8a5fb0", "#c28f2c", "#3aa6a6", "#b04a86", "#7a7a7a", "#1f4e79", "#7a4a12",
           "#2f6b2f", "#000000", "#c7a500")  # fmt: skip
Works = Mapping[str, Mapping[str, Any]]


def draw(kinds: Mapping[str, Works]) -> str:
    """As SVG."""
    step, rows = LEFT + WIDTH + 20, max(map(len, kinds.values()))
    width, height = step * len(kinds) + 10, TOP + HEIGHT + 50 + LINE * rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="11"><rect width="100%" height="100%" fill="white"/>'
    ]
    for place, (kind, works) in enumerate(kinds.items()):
        parts += [f'<g transform="translate({LEFT + step * place} {TOP})">', *_panel(kind, works), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(kind: str, works: Works) -> Iterator[str]:
    points = [point for work in works.values() for point in work["points"]]
    right = math.log10(max(point["n"] for point in points))
    low, high = -4, math.ceil(math.log10(max(point["seconds"] for point in points)))

    def across(n: float) -> float:
        return WIDTH * math.log10(n) / right

    def down(seconds: float) -> float:
        return HEIGHT * (high - math.log10(max(seconds, 10**low))) / (high - low)

    yield f'<text y="-10" font-size="13">seconds by {kind}</text>'
    for power in range(low, high + 1):
        y = down(10**power)
        yield f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#e4e4e4"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    for power in range(math.floor(right) + 1):
        x = across(10**power)
        yield f'<text x="{x:.1f}" y="{HEIGHT + 16}" text-anchor="middle">{UNITS[power]}</text>'
    start, end = 10 ** (high - right), 10**high  # as n: one unit up for one to the right
    yield f'<path d="M0 {down(start):.1f}L{WIDTH} {down(end):.1f}" stroke="#aaa" stroke-dasharray="4 4"/>'
    yield f'<text x="{WIDTH - 4}" y="{down(end) + 24:.1f}" text-anchor="end" fill="#888">as n</text>'
    for work, colour in zip(works.values(), itertools.cycle(COLOURS), strict=False):
        yield _line([(across(point["n"]), down(point["seconds"])) for point in work["points"]], colour)
    for number, ((name, work), colour) in enumerate(zip(works.items(), itertools.cycle(COLOURS), strict=False)):
        y = HEIGHT + 38 + LINE * number
        exponent = "" if work["exponent"] is None else f": n^{work['exponent']:.2f}"
        yield f'<rect y="{y - 8}" width="10" height="8" fill="{colour}"/><text x="16" y="{y}">{name}{exponent}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colour}"/>' for x, y in points)
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.4"/>{dots}'
