"""Pages cut into pieces: the sentences that tell about a mistake, each a passage of its own.

A page says much that a mistake has nothing to do with, and training on all of it costs as much as training on the one
sentence that matters. Which sentence that is, is told by the words of the question and of its choices, all choices
alike: the right one is not known here.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cem_toolkit.builtin.text import is_spaceless
from cem_toolkit.config import PiecesConfig
from cem_toolkit.excerpts import content_words, sentences
from cem_toolkit.mixing import repeats
from cem_toolkit.ranking import best_passages
from cem_toolkit.records import Hit, Mistake, Passage

STEM = 6
"""Letters of a word that are compared: cutting words short serves about as well as a stemmer does (McNamee, Nicholas
and Mayfield, "Don't have a stemmer?", SIGIR 2008)."""
ASKED = 0.5
"""What a word of the question counts, where one of a choice counts 1."""
LATER_PAGE, LATER_PIECE = 0.3, 0.05
"""What a piece loses by every page ranked before its own, and by every piece before it, in nats."""


@dataclass(frozen=True, slots=True)
class _Piece:
    page: Passage
    rank: int
    """Of the page among those that its source found for the mistake."""
    place: int
    text: str
    words: frozenset[str]
    """Of the text and of the page's title."""


def cut_passages(passages: Sequence[Passage], mistakes: Sequence[Mistake], config: PiecesConfig) -> list[Passage]:
    """For every mistake the `config.per_mistake` best pieces of the pages found for it; each piece once, with the
    mistakes that it is for. With `config.sentences` 0 the passages as they are.

    A piece is `config.sentences` sentences of a page, word for word, under its title, address and licence. Its score
    for a mistake adds up the words that it and its title share with the question, and those with the choice that it
    shares most with; a word counts for more, the fewer of the mistake's pieces have it. Of two sources one with twice
    the weight counts as twice as likely to tell. What another source's piece says already is left out. What is chosen
    for one mistake does not depend on the others.
    """
    if not config.sentences:
        return list(passages)
    best = best_passages(passages, mistakes, len(passages))
    chosen: dict[str, Passage] = {}
    hits: defaultdict[str, list[Hit]] = defaultdict(list)
    texts: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for mistake in mistakes:
        found = []
        ranks: Counter[str] = Counter()
        for page in best[mistake.id]:
            rank = ranks[page.source]
            ranks[page.source] += 1
            if page.id not in texts:
                texts[page.id] = [
                    (text, _stems(f"{page.title} {text}")) for text in cut_text(page.text, config.sentences)
                ]
            found += [_Piece(page, rank, place, *each) for place, each in enumerate(texts[page.id])]
        taken: dict[str, Hit] = {}
        for piece, score in _ranked(mistake, found) if found else ():
            if len(taken) == config.per_mistake:
                break
            made = _passage(piece.page, piece.text)
            if made.id not in taken and not any(repeats(made, chosen[key]) for key in taken):
                chosen.setdefault(made.id, made)
                taken[made.id] = Hit(mistake_id=mistake.id, query=_query(piece.page, mistake), score=score)
        for key, hit in taken.items():
            hits[key].append(hit)
    return [replace(passage, hits=tuple(hits[passage.id])) for passage in chosen.values()]


def cut_whole(passages: Iterable[Passage], config: PiecesConfig) -> list[Passage]:
    """All pieces of passages that were found for nothing in particular, each once."""
    if not config.sentences:
        return list(passages)
    pieces = (_passage(page, text) for page in passages for text in cut_text(page.text, config.sentences))
    return list({piece.id: piece for piece in pieces}.values())


def cut_text(text: str, count: int) -> list[str]:
    """`text` in pieces of `count` sentences; the last may have fewer."""
    spoken = sentences(text)
    glue = "" if is_spaceless(text) else " "
    return [glue.join(spoken[start : start + count]) for start in range(0, len(spoken), count)]


def _ranked(mistake: Mistake, pieces: Sequence[_Piece]) -> list[tuple[_Piece, float]]:
    having = Counter(word for piece in pieces for word in piece.words)
    weights: Mapping[str, float] = {word: math.log((len(pieces) + 1) / (count + 0.5)) for word, count in having.items()}
    asked, choices = _stems(mistake.question), [_stems(choice) for choice in mistake.choices]

    def weigh(words: Iterable[str]) -> float:
        return math.fsum(weights[word] for word in words)

    def score(piece: _Piece) -> float:
        named = (weigh(words & piece.words) * len(words & piece.words) / len(words) for words in choices if words)
        told = ASKED * weigh(asked & piece.words) + max(named, default=0.0) + math.log(piece.page.weight)
        return round(told - LATER_PAGE * piece.rank - LATER_PIECE * piece.place, 6)

    scored = [(piece, score(piece)) for piece in pieces]
    return sorted(scored, key=lambda each: (-each[1], each[0].rank, each[0].place))


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in content_words(text))


def _query(page: Passage, mistake: Mistake) -> str:
    """The query that found the page for the mistake; the one with the best score where several did."""
    return max((hit for hit in page.hits if hit.mistake_id == mistake.id), key=lambda hit: hit.score).query


def _passage(page: Passage, text: str) -> Passage:
    return Passage.make(
        text=text,
        title=page.title,
        source=page.source,
        url=page.url,
        revision=page.revision,
        licence=page.licence,
        weight=page.weight,
        hits=(),
    )
