"""Figures as people read them: the page, the pull-request summary and the cards write them alike."""

from collections.abc import Sequence
from pathlib import Path

SETS = {
    "mined": ("mined", "their mistakes were looked up"),
    "siblings": ("siblings", "unseen, about the same things as mined ones"),
    "held_out": ("held out", "unseen, and nothing was looked up about them"),
    "selection": ("selection", "unseen, kept for the gate"),
    "reviewed": ("reviewed", "their own answer pair was trained on"),
}
"""What the sets of questions are called, and what they are."""

ARMS = {
    "random": ("random passages", "the same kinds of rows, made of passages drawn at random"),
    "instructions": ("instructions only", "the round's rows without any passage"),
    "passages": ("passages only", "the round's passages as text, and nothing else"),
    "review": ("review only", "the round's review and general rows, and nothing else"),
}
"""What the control arms are called, and what they were trained on."""


def label(name: str) -> str:
    """What the set `name` is called."""
    return SETS[name][0] if name in SETS else name


def note(name: str) -> str:
    """What the set `name` is, in a few words."""
    if name.startswith("mistakes of round"):
        return "what that round was taught from"
    return SETS[name][1] if name in SETS else "only watched, for forgetting"


def arm_label(name: str) -> str:
    if name in ARMS:
        return ARMS[name][0]
    return f"seed +{name[5:]}" if name.startswith("seed-") else name


def arm_note(name: str) -> str:
    return ARMS[name][1] if name in ARMS else ""


def count(number: float) -> str:
    return f"{number:,.0f}"


def percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:.{digits}f}%"


def signed(share: float) -> str:
    """A change in percentage points, with its sign: "+7.1", "−2.0", "0.0"."""
    text = f"{share * 100:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def span(low: float, high: float) -> str:
    """An interval of a change in percentage points."""
    return f"{signed(low)} to {signed(high)}"


def share(part: int, whole: int) -> str:
    """ "73 of 227 (32.2%)", or "none to count" where there is no whole."""
    return f"{part:,} of {whole:,} ({percent(part / whole)})" if whole else "none to count"


def questions(n: int, total: int) -> str:
    """ "200 questions", or "60 of 200 questions asked"."""
    return f"{n:,} of {total:,} questions asked" if n < total else plural(n, "question")


def perplexity(value: float) -> str:
    """ "25.92", or "1.4e+15" of a model that is broken."""
    return f"{value:,.2f}" if value < 1e6 else f"{value:.1e}"


def growth(before: float, after: float) -> str:
    """ "+16.8%", "−1.2%", or from eleven times on "5.4e+13-fold"."""
    times = after / before
    return f"{signed(times - 1)}%" if times < 11 else f"{times:.2g}-fold"


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def homeless(text: str) -> str:
    """`text` with the user's home folder as `~`: a report is made for showing."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
