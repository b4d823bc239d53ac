"""What the study's pictures are put together from: text, dots, and labels that keep out of each other's way."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cem_toolkit.report.svg import Scale

INK = "#222"
STYLE = (
    ".grid{stroke:#e0e0e0}.whisker,.dot{stroke-width:2}.fix_rate{stroke:#2b6cb0;fill:#2b6cb0}"
    ".break_rate{stroke:#c53030;fill:#c53030}.dot.control{fill:#fff}svg svg{overflow:visible}"
)
LETTER = 6.0
"""How wide a letter of a label is, about."""
NEAR = ((9, 4), (-9, 4), (0, -9), (0, 17), (7, -6), (-7, -6), (7, 14), (-7, 14))
FAR = ((16, -19), (-16, -19), (16, 27), (-16, 27), (30, -33), (-30, -33), (30, 41), (-30, 41))
"""How far from a dot its label may start, or end where it is to the left: best first, the far ones with a line."""
Label = tuple[float, float, str, str]
"""A dot's place, what it is called if anything, and its colour."""
Box = tuple[float, float, float, float]


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    """A picture with a ground of its own, so that it is readable on a dark page too."""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11" fill="{INK}">'
    return "\n".join(
        [head, f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"]
    )


def text(
    x: float, y: float, words: str, left: float = 0, *, size: int = 11, bold: bool = False, colour: str = INK
) -> str:
    """`left` is the share of it that lies left of `x`: 0, 0.5 or 1."""
    anchor = {0: "", 0.5: ' text-anchor="middle"', 1: ' text-anchor="end"'}[left]
    look = f' font-size="{size}"' * (size != 11) + ' font-weight="bold"' * bold + f' fill="{colour}"' * (colour != INK)
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{look}>{html.escape(words, quote=False)}</text>'


def dot(x: float, y: float, colour: str, hollow: bool = False) -> str:
    """Of an arm; hollow for a control."""
    fill = "#fff" if hollow else colour
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{colour}" stroke-width="2"/>'


@dataclass(frozen=True)
class Plane:
    """A share across, and another up."""

    across: Scale
    up: Scale
    left: int = 60
    top: int = 60
    right: int = 720
    bottom: int = 440

    def at(self, shares: tuple[float, float]) -> tuple[float, float]:
        x = self.left + (self.right - self.left) * self.across.at(shares[0]) / 100
        return x, self.bottom - (self.bottom - self.top) * self.up.at(shares[1]) / 100

    def axes(self, across: str, up: str) -> Iterator[str]:
        """The grid with its figures and what they are of."""
        for tick in self.across.ticks:
            x, _ = self.at((tick, 0))
            yield f'<path class="grid" d="M{x:.1f} {self.top}V{self.bottom}"/>'
            yield text(x, self.bottom + 15, f"{100 * tick:.0f}%", 0.5)
        for tick in self.up.ticks:
            _, y = self.at((0, tick))
            yield f'<path class="grid" d="M{self.left} {y:.1f}H{self.right}"/>'
            yield text(self.left - 6, y + 4, f"{100 * tick:.0f}%", 1)
        yield text(self.right, self.bottom + 34, across, 1)
        yield text(16, self.top - 8, up)


def labels(wanted: Sequence[Label], right: float) -> Iterator[str]:
    """Each where it covers the fewest dots and labels and does not pass `right`."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y, _, _ in wanted]
    for x, y, words, colour in (label for label in wanted if label[2]):
        boxes = {(dx, dy): _box(x + dx, y + dy, words, _left(dx)) for dx, dy in NEAR + FAR}
        covered = {at: sum(_overlap(box, other) for other in taken) for at, box in boxes.items() if box[2] <= right}
        dx, dy = min(covered, key=covered.__getitem__, default=NEAR[1])
        taken.append(boxes[dx, dy])
        if (dx, dy) in FAR:
            yield f'<path d="M{x:.1f} {y:.1f}l{dx} {dy - 4}" stroke="{colour}" stroke-width="0.6"/>'
        yield text(x + dx, y + dy, words, _left(dx), colour=colour)


def _left(dx: float) -> float:
    return 0.5 if dx == 0 else float(dx < 0)


def _box(x: float, y: float, words: str, left: float) -> Box:
    width = LETTER * len(words)
    return x - left * width, y - 10, x + (1 - left) * width, y + 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
