"""The parts of a passage that matter for a question: what to show of it, and which sentence tells the answer."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from cem_toolkit.builtin.text import STOPWORDS, is_spaceless, sentences
from cem_toolkit.leaks import tokens
from cem_toolkit.records import Passage

__all__ = ["content_words", "nearest", "says", "sentences", "showing", "spaced", "telling_sentence"]


def content_words(text: str) -> frozenset[str]:
    """The normalised words of `text` that carry a topic; single characters in scripts without spaces."""
    return frozenset(tokens(text)) - STOPWORDS


def spaced(text: str) -> str:
    """The words of `text` with a space before and after each, so that whole words are found in it; "" without any."""
    words = tokens(text)
    return f" {' '.join(words)} " if words else ""


def says(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as whole words, but for case and punctuation."""
    words = spaced(answer)
    return bool(words) and words in spaced(text)


def showing(passages: Iterable[Passage], answers: Mapping[str, str]) -> set[str]:
    """Ids of those mistakes whose answer stands in the title or the text of a passage that was found for them.
    `answers` are by the mistake's id; an empty one stands nowhere."""
    wanted = {mistake: words for mistake, answer in answers.items() if (words := spaced(answer))}
    shown: set[str] = set()
    for passage in passages:
        text = spaced(passage.title) + spaced(passage.text)
        shown.update(
            hit.mistake_id for hit in passage.hits if hit.mistake_id in wanted and wanted[hit.mistake_id] in text
        )
    return shown


def nearest(text: str, question: str, choices: Sequence[str], characters: int) -> str:
    """The run of whole sentences of `text`, of at most `characters` in all, that is nearest to a question.

    Near is a run that holds many of the words of the question and of its choices, all choices alike: which one is
    right is not known here. A word counts for more, the fewer sentences of `text` it stands in. A sentence that is too
    long alone is cut. Of equally near runs the first is taken, so a text without any such word gives its beginning.
    """
    spoken = sentences(text)
    wanted = content_words(" ".join((question, *choices)))
    held = [content_words(sentence) & wanted for sentence in spoken]
    often = Counter(word for words in held for word in words)
    glue = "" if is_spaceless(text) else " "
    best, most = "", -1.0
    for first, start in enumerate(spoken):
        run, words = start, set(held[first])
        for sentence, more in zip(spoken[first + 1 :], held[first + 1 :], strict=True):
            if len(run) + len(glue) + len(sentence) > characters:
                break
            run += glue + sentence
            words |= more
        weight = sum(1 / often[word] for word in sorted(words))
        if weight > most + 1e-9:
            best, most = run, weight
    return best if len(best) <= characters else _cut(best, characters)


def _cut(sentence: str, characters: int) -> str:
    """The beginning of `sentence` up to the last whole word that fits with an ellipsis."""
    head = sentence[: characters - 1]
    whole = head if is_spaceless(head) else head.rpartition(" ")[0] or head
    return whole + "…"


def telling_sentence(text: str, question: str, gold: str) -> str:
    """The sentence of `text` that most likely teaches the answer, or "" where none holds it.

    Of the sentences in which `gold` stands, the one with the most words of the question; of equals the first.
    """
    asked = content_words(question)
    telling = [sentence for sentence in sentences(text) if says(sentence, gold)]
    return max(telling, key=lambda sentence: len(content_words(sentence) & asked), default="")
