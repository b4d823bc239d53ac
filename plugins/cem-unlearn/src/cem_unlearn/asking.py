"""An item asked in other ways: what was forgotten only as it stood leaks through them."""

from collections.abc import Callable, Iterator

from cem_toolkit.api import Row

AS_IT_STANDS = "as it stands"
FRAMES: dict[str, Callable[[str], str]] = {
    "as a question": "Question: {}\nAnswer:".format,
    "asked to complete": "Complete this text: {}".format,
    "as common knowledge": "As everybody knows: {}".format,
    "in small letters": str.lower,
    "without its beginning": lambda text: " ".join(text.split()[len(text.split()) // 2 :]),
}
STARTS = (0.25, 0.5, 0.75)
"""Shares of a text's words, or of a completion's, that are shown."""


def ways(row: Row) -> dict[str, Row]:
    """`row` by the ways of asking that its text allows: as it stands, in other frames, with a start of what is to
    follow shown, and as a cloze. All have a prompt but the first, of a text that has none."""
    made = {AS_IT_STANDS: row}
    prompt, completion = (row.prompt, row.completion) if row.prompt else _halves(row.completion)
    if prompt and completion:
        made |= {name: _row(frame(prompt), completion) for name, frame in FRAMES.items()}
    for name, shown, rest in _starts(row.completion):
        made[name] = _row(row.prompt + shown, rest)
    if blank := _blank(row.completion):
        text = row.prompt + row.completion.replace(blank, "___", 1)
        made["as a cloze"] = _row(f"{text.strip()}\nThe missing word is", f" {blank}")
    return made


def _starts(text: str) -> Iterator[tuple[str, str, str]]:
    """Each share with the start that it is and the rest, where both have words."""
    words = text.split()
    for share in STARTS:
        count = round(share * len(words))
        if 0 < count < len(words):
            shown, rest = _cut(text, count)
            yield f"with {share:.0%} of it shown", shown, rest


def _halves(text: str) -> tuple[str, str]:
    return _cut(text, len(text.split()) // 2)


def _cut(text: str, words: int) -> tuple[str, str]:
    """`text` after so many words; the white space there goes to the rest."""
    place = 0
    for word in text.split()[:words]:
        place = text.index(word, place) + len(word)
    return text[:place], text[place:]


def _blank(text: str) -> str:
    """The most telling word of a text: its longest, without punctuation, and one with digits before all others."""
    words = [word.strip(".,;:!?()\"'") for word in text.split()]
    return max(words, key=lambda word: (any(map(str.isdigit, word)), len(word)), default="")


def _row(prompt: str, completion: str) -> Row:
    return Row.make(kind="forget", prompt=prompt, completion=completion, parents=())
