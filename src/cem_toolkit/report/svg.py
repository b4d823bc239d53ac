"""Small charts as inline SVG. Positions across are percentages, so a chart is as wide as its place and its text keeps
its size. Only numbers and fixed words get in: nothing here needs escaping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

HEIGHT = 22
MARGIN = 3.0
"""Percent of the width kept free on either side, for dots and for the labels of ticks."""
STRETCHED = 'viewBox="0 0 100 100" preserveAspectRatio="none"'
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Scale:
    """What stretches over the width of a chart."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float], least: float = 0.1, within: tuple[float, float] = (-1.0, 1.0)) -> "Scale":
        """Whole steps around all `values`, at least `least` wide, inside `within`."""
        known = list(values) or [0.0]
        low, high = min(known), max(known)
        step = _step(max(high - low, least))
        low, high = step * (low // step), step * -(-high // step)
        while high - low < least - 1e-9:
            low, high = low - step / 2, high + step / 2
        return cls(max(low, within[0]), min(high, within[1]))

    def at(self, value: float) -> float:
        """Percent from the left; never outside."""
        place = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1)
        return MARGIN + place * (100 - 2 * MARGIN)

    @property
    def ticks(self) -> list[float]:
        step = _step(self.high - self.low)
        first = -(-round(self.low / step, 6) // 1)
        marks = [(first + number) * step for number in range(12)]
        return [mark for mark in marks if mark <= self.high + 1e-9]


def _step(width: float) -> float:
    return next((step for step in STEPS if width / step <= 5.01), 1.0)


def track(scale: Scale, value: float, low: float | None, high: float | None, kind: str, zero: bool = False) -> Markup:
    """A dot with its interval. `kind` is the dot's class."""
    middle = HEIGHT / 2
    parts = [_vertical(scale.at(tick), "grid") for tick in scale.ticks]
    if zero:
        parts.append(_vertical(scale.at(0), "zero"))
    if low is not None and high is not None:
        x1, x2 = scale.at(low), scale.at(high)
        parts.append(f'<line class="whisker {kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{middle}" y2="{middle}"/>')
    parts.append(f'<circle class="dot {kind}" cx="{scale.at(value):.2f}%" cy="{middle}" r="4.5"/>')
    return _svg("track", _high(HEIGHT), parts)


def axis(scale: Scale, signed: bool = False) -> Markup:
    """The labels of the ticks: percent, or points with their sign."""
    parts = []
    for tick in scale.ticks:
        number = round(tick * 100)
        text = (f"{number:+d}" if number else "0").replace("-", "−") if signed else f"{number}%"
        parts.append(f'<text x="{scale.at(tick):.2f}%" y="13" text-anchor="middle">{text}</text>')
    return _svg("axis", _high(18), parts)


def bar(share: float, kind: str) -> Markup:
    """A bar over `share` of the width."""
    return _svg("bar", _high(10), [f'<rect class="{kind}" width="{min(max(share, 0), 1) * 100:.2f}%" height="10"/>'])


def ribbons(right_before: int, fixed: int, broken: int, n: int) -> Markup:
    """Right and wrong before, on the left, flowing to right and wrong after. Stretches to its place."""
    gap = 6.0
    unit = (100 - gap) / (n or 1)
    kept, still = right_before - broken, n - right_before - fixed
    right_after = kept + fixed
    wrong_left, wrong_right = right_before * unit + gap, right_after * unit + gap
    flows = [
        ("kept", 0.0, 0.0, kept),
        ("still", wrong_left + fixed * unit, wrong_right + broken * unit, still),
        ("broken", kept * unit, wrong_right, broken),
        ("fixed", wrong_left, kept * unit, fixed),
    ]
    paths = [_ribbon(kind, left, right, size * unit) for kind, left, right, size in flows if size]
    return _svg("ribbons", STRETCHED, paths)


def _ribbon(kind: str, left: float, right: float, height: float) -> str:
    top = f"M0 {left:.2f}C45 {left:.2f} 55 {right:.2f} 100 {right:.2f}"
    bottom = f"V{right + height:.2f}C55 {right + height:.2f} 45 {left + height:.2f} 0 {left + height:.2f}Z"
    return f'<path class="{kind}" d="{top}{bottom}"/>'


def curve(points: Sequence[tuple[float, float]], low: float, high: float) -> Markup:
    """A line over its running mean, from the first step to the last. Stretches to its place."""
    first, last = points[0][0], points[-1][0]
    across, up = (last - first) or 1, (high - low) or 1

    def line(kind: str, values: Sequence[float]) -> str:
        places = " ".join(
            f"{(step - first) / across * 100:.2f},{(high - value) / up * 100:.2f}"
            for (step, _), value in zip(points, values, strict=True)
        )
        return f'<polyline class="{kind}" points="{places}"/>'

    values = [value for _, value in points]
    parts = [line("raw", values), line("mean", _running_mean(values, max(1, len(values) // 20)))]
    return _svg("curve", STRETCHED, parts)


def _running_mean(values: Sequence[float], around: int) -> list[float]:
    windows = (values[max(0, index - around) : index + around + 1] for index in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def _vertical(x: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="{HEIGHT}"/>'


def _high(pixels: int) -> str:
    return f'width="100%" height="{pixels}"'


def _svg(kind: str, size: str, parts: Iterable[str]) -> Markup:
    return Markup(  # noqa: S704 (the parts hold numbers and fixed words only)
        f'<svg class="{kind}" {size} aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )
