"""Perplexity on text that no round is about: a drift in plain language that no question shows.

The text within is the openings of English books and speeches that are in the public domain. A model may know them by
heart, so its perplexity says little; how it changes is what is looked at.
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from cem_toolkit.errors import CemError
from cem_toolkit.roles import Context


def read_neutral(path: Path | None) -> list[str]:
    """The paragraphs of a text file, or of the text within. Raises CemError where there are none."""
    try:
        text = (path or files("cem_toolkit") / "neutral.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CemError(f"neutral: {path} cannot be read: {error}") from None
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    if not any(paragraphs):
        raise CemError(f"neutral: {path} holds no text; give a file with paragraphs parted by empty lines")
    return [part for part in paragraphs if part]


def score_neutral(texts: Sequence[str], ctx: Context) -> dict[str, float] | None:
    """Log-likelihood of `texts`: their tokens, and the sum in nats; None where the evaluator cannot score text."""
    try:
        scored = ctx.score([("", (text,)) for text in texts])
    except NotImplementedError:
        return None
    return {"tokens": sum(ctx.count_tokens(texts)), "nats": sum(score for (score,) in scored)}
