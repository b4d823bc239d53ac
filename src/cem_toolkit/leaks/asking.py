"""Where a text asks something, and what it replies.

A sentence that merely states a fact asks nothing: it is the knowledge that is wanted, and no leak.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cem_toolkit.leaks.words import tokens

REPLY = 64
"""So many tokens after a question may hold its answer, choices included."""
CONTEXT = 2
"""So many sentences before a question, in its paragraph, may belong to it; before the last one of a prompt, all may."""
SHORT = 8
"""A sentence of at most so many tokens before a question may be its answer."""
SENTENCE = 4
"""A completion of so many tokens that ends in a full stop may be a sentence of its own."""

_END = re.compile(
    r"(?<=[!?？؟。！])[\"”’)\]]*[^\S\n]*|(?<=\w\w\.)(?<!\bSt\.)(?<!\bMt\.)(?<!\bDr\.)(?<!\bMr\.)[^\S\n]+(?=[\"“‘(\[¿]?[A-ZÀ-Þ\d])|\n"
)
_CHOICE = re.compile(r"\s*(?:\(?(?:[A-Ja-j]|\d{1,2})[.):]\s|[-*•]\s)")
_ASKS = re.compile(r"\s*(?:question|q|quiz|task|frage|pregunta|问题?|題|题)\s*\d*\s*[:：.)]\s*", re.IGNORECASE)
_REPLIES = re.compile(
    r"\s*(?:the )?(?:correct )?(?:answer|ans|a|antwort|respuesta|réponse|答案?)\b[^:：]{0,12}[:：]", re.I
)
_ORDER = re.compile(
    r"\s*(?:please )?(?:name|give|identify|recall|guess|complete|fill in|choose|select|pick|say|tell me"
    r"|state (?:the|which|what|who|in)|true or false)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\s*(?:(?:in|on|at|to|from|of|by|with|for) )?(?:what|which|who|whom|whose|when|where|how)\b", re.I)
_MARK = re.compile(r"[?？؟]|_{2,}|\[(?:mask|blank)\]|\(\s*\)|（\s*）", re.IGNORECASE)
_POLAR = re.compile(
    r"\s*(?:is|are|was|were|do|does|did|has|have|can)\b"
    r"|.*\b(?:true or false|right or wrong|yes or no|correct\?|isn.t it)",
    re.IGNORECASE | re.DOTALL,
)
_VERDICT = re.compile(r"(?:[\w ]{1,12}:)?\s*(?:true or false|right or wrong)\W*", re.IGNORECASE)
_LABEL = re.compile(r"\W*(?:\w|true|false|yes|no|right|wrong|correct|incorrect)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that a text puts. `texts` are its sentence and, where there are any, that with those before it."""

    texts: tuple[str, ...]
    reply: tuple[str, ...]
    """The tokens in which the answer must stand if the text gives it."""


def find_asks(prompt: str, completion: str) -> Iterator[Ask]:
    """The questions of a training row, or of a text without prompt, with what is replied to each.

    What a prompt ends on counts as asked whatever its form, unless it is a whole sentence that whole sentences follow.
    """
    pieces = _pieces(prompt)
    last = next((index for index in reversed(range(len(pieces))) if _tells(pieces[index])), None)
    pieces += _pieces(completion)
    asking = [_asks(pieces, index) for index in range(len(pieces))]
    if last is not None:
        asking[last] = asking[last] or not (pieces[last].endswith(".") and _told(completion))
    after = len(pieces)
    for index in (index for index in reversed(range(len(pieces))) if asking[index]):
        prompting = index == last
        before = _before(pieces, [] if prompting else asking, index)
        if prompting and not _LABEL.fullmatch(completion):
            reply = tokens(completion)
        else:
            reply = tokens(" ".join(pieces[index + 1 : after]))
        if not reply and before and len(tokens(before[-1])) <= SHORT:
            reply = tokens(before[-1])
        text = _ASKS.sub("", pieces[index], count=1)
        context = " ".join([*before, text])
        if _POLAR.match(text):
            reply += tokens(context)
        yield Ask((text, context) if before else (text,), tuple(reply[:REPLY]))
        after = index


def _told(completion: str) -> bool:
    """Whether it is a sentence of its own rather than an answer."""
    return completion.rstrip().endswith(".") and len(tokens(completion)) >= SENTENCE


def _pieces(text: str) -> list[str]:
    """Sentences and lines; an empty piece is the end of a paragraph. A blank alone belongs to what is before it, and
    what follows "true or false?" to that."""
    pieces: list[str] = []
    for piece in (piece.strip() for piece in _END.split(text)):
        if pieces and piece and (not piece.strip("_. ") or _VERDICT.fullmatch(pieces[-1])):
            pieces[-1] += f" {piece}"
        else:
            pieces.append(piece)
    return pieces if text.strip() else []


def _tells(piece: str) -> bool:
    return bool(piece) and not _CHOICE.match(piece) and not _REPLIES.match(piece)


def _asks(pieces: Sequence[str], index: int) -> bool:
    piece = pieces[index]
    if not _tells(piece):
        return False
    if _MARK.search(piece) or _ASKS.match(piece) or _ORDER.match(piece):
        return True
    if _OPEN.match(piece) and not piece.endswith("."):
        return True
    return any(_REPLIES.match(after) for after in pieces[index + 1 : index + 2])


def _before(pieces: Sequence[str], asking: Sequence[bool], index: int) -> list[str]:
    """The sentences before a question that may belong to it: none from before a question marked in `asking`."""
    found: list[str] = []
    for place in range(index - 1, -1, -1):
        if (asking and (asking[place] or len(found) == CONTEXT)) or not _tells(pieces[place]):
            break
        found.insert(0, _ASKS.sub("", pieces[place], count=1))
    return found
