"""Articles that nobody wrote, as many and as long as an encyclopedia's introductions, and queries about them.

Words: 500,000, drawn by Zipf-Mandelbrot's law, p ~ 1 / (rank + 2.7), made of syllables, longer ones rarer. Lengths:
log-normal, 100 words in the mean, half below 83, from 8 to 1,000. A title has one to three of the rarer words, and each
stands in the text one to three times more. A query asks for an article by its title's words and others of its text,
3 to 12 together; the 100 commonest words, which stand for stop words, are not asked for. All by one seed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY, COMMONEST, RARER = 500_000, 100, 1_000
AT_ONCE = 10_000


def write_articles(path: Path, count: int, seed: int = 0) -> None:
    """JSON lines of title and text."""
    with path.open("w", encoding="ascii") as file:
        for title, text in make_articles(count, seed):
            file.write(f"{json.dumps([title, text])}\n")


def read_articles(path: Path, count: int, first: int = 0) -> Iterator[tuple[str, str]]:
    with path.open(encoding="ascii") as file:
        for number, line in enumerate(file):
            if number >= count:
                return
            if number >= first:
                title, text = json.loads(line)
                yield title, text


def make_articles(count: int, seed: int) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    words = np.array(_words(rng), dtype=object)
    weights = np.cumsum(1 / (np.arange(VOCABULARY) + 2.7))
    for start in range(0, count, AT_ONCE):
        these = min(AT_ONCE, count - start)
        lengths = np.clip(rng.lognormal(np.log(83), 0.6, these), 8, 1000).astype(int)
        drawn = words[np.searchsorted(weights, rng.random(int(lengths.sum())) * weights[-1])]
        for text in np.split(drawn, np.cumsum(lengths)[:-1]):
            ranks = RARER * (VOCABULARY / RARER) ** rng.random(rng.integers(1, 4))
            title = words[np.minimum(ranks.astype(int), VOCABULARY - 1)]
            for word in title:
                text[rng.integers(0, len(text), rng.integers(1, 4))] = word
            yield " ".join(title), " ".join(text)


def write_queries(path: Path, articles: Path, count: int, queries: int, seed: int = 1) -> None:
    """A JSON list of strings."""
    rng = np.random.default_rng(seed)
    common = set(_words(np.random.default_rng(0))[:COMMONEST])
    asked = set(rng.choice(count, min(queries, count), replace=False).tolist())
    found = []
    for number, (title, text) in enumerate(read_articles(articles, count)):
        if number in asked:
            others = [word for word in dict.fromkeys(text.split()) if word not in common]
            size = int(rng.integers(3, 13))
            found.append(" ".join(dict.fromkeys([*title.split(), *rng.permutation(others)]).keys()).split()[:size])
    rng.shuffle(found)
    path.write_text(json.dumps([" ".join(query) for query in found]))


def _words(rng: Any) -> list[str]:
    """The vocabulary, commonest first."""
    syllables = [first + vowel + last for first in "bcdfghklmnprstvw" for vowel in "aeiou" for last in ("", "n", "r")]
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        size = 1 + int(np.log10(len(words) + 10) * 0.6 + rng.random() * 1.5)
        words["".join(syllables[number] for number in rng.integers(0, len(syllables), size))] = None
    return list(words)
