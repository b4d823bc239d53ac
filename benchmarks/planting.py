"""False facts planted in the World Factbook, and how shares are told of."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from cem_embedded.factbook import write_pages
from cem_embedded.factbook.make import make_questions
from cem_embedded.preset import ASKED
from cem_embedded.source import Factbook
from cem_toolkit.api import Context, Mistake, Passage, Source, hookimpl, normalise

TARGETED = 0.1
"""Share of the questions that targeted poison answers wrongly."""


@dataclass(frozen=True)
class Lie:
    """A sentence that is false, and the country and the value that it names."""

    sentence: str
    country: str
    value: str


@dataclass
class Poison:
    """By entry, the true sentences with what is said in their place."""

    lies: dict[str, dict[str, Lie]]
    sentences: int

    def __len__(self) -> int:
        return sum(map(len, self.lies.values()))

    def of(self, passage: Passage) -> Passage:
        swaps = self.lies.get(passage.title)
        if not swaps:
            return passage
        lines = (swaps[line].sentence if line in swaps else line for line in passage.text.split("\n"))
        text = "\n".join(lines)
        made = Passage.make(
            text=text, title=passage.title, source=passage.source, licence=passage.licence, url=passage.url, hits=()
        )
        return replace(made, hits=passage.hits)


class Planted(Factbook):
    """The World Factbook with false facts."""

    name: ClassVar[str] = "planted"
    version: ClassVar[str] = "1"
    poison: ClassVar[Poison] = Poison({}, 0)
    label: ClassVar[str] = ""

    def fingerprint(self, ctx: Context) -> str:
        return f"{super().fingerprint(ctx)} {self.label}"

    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterator[Passage]:
        silent = replace(ctx, found=lambda *_: None)  # what is read ahead must be what is returned
        for passage in super().retrieve(mistakes, silent):
            yield replace(self.poison.of(passage), source=self.name)


class Plugin:
    @hookimpl
    def cem_register_sources(self) -> list[type[Source]]:
        return [Planted]


def parts(line: str) -> tuple[str, str]:
    """The field and the value of "Togo: Capital, name: Lomé."."""
    head, _, value = line.rpartition(": ")
    return head.partition(": ")[2], value.removesuffix(".")


def by_chance(entries: Mapping[str, list[str]], share: float, seed: int) -> Poison:
    """A `share` of all sentences with another country's value."""
    values: dict[str, list[str]] = {}
    for lines in entries.values():
        for field, value in map(parts, lines):
            values.setdefault(field, []).append(value)
    places = [(title, line) for title, lines in entries.items() for line in lines]
    chance, lies = Random(seed), dict[str, dict[str, Lie]]()  # noqa: S311 (a draw)
    for title, line in chance.sample(places, round(share * len(places))):
        field, value = parts(line)
        others = sorted({other for other in values[field] if normalise(other) != normalise(value)})
        if others:
            other = chance.choice(others)
            lie = line.removesuffix(f"{value}.") + f"{other}."
            lies.setdefault(title, {})[line] = Lie(lie, title, other)
    return Poison(lies, len(places))


def targeted(entries: Mapping[str, list[str]], questions: list[dict[str, Any]], seed: int) -> Poison:
    """Of every tenth question the sentences that answer it, with one of its wrong choices for the right one."""
    chance, lies = Random(seed), dict[str, dict[str, Lie]]()  # noqa: S311 (a draw)
    for row in chance.sample(questions, round(TARGETED * len(questions))):
        right = row["choices"][row["answer"]]
        wrong = chance.choice([choice for choice in row["choices"] if choice != right])
        field = row["source"].partition("Factbook, ")[2].rpartition(": ")[0].rpartition(": ")[2]
        for line in entries.get(row["group"], ()):
            head, value = parts(line)
            if right in value and field.casefold() in head.casefold():
                lie = line.replace(right, wrong)
                lies.setdefault(row["group"], {})[line] = Lie(lie, row["group"], wrong)
    return Poison(lies, sum(map(len, entries.values())))


def factbook() -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """The sentences of every entry, and the preset's questions."""
    with tempfile.TemporaryDirectory() as folder:
        pages = json.loads(write_pages(Path(folder) / "pages.json").read_text(encoding="utf-8"))
    return {title: page["extract"].split("\n") for title, page in pages.items()}, make_questions(names=ASKED)


def wilson(part: int, whole: int) -> dict[str, Any]:
    if not whole:
        return {"count": part, "of": whole}
    z, share = 1.96, part / whole
    middle, width = share + z * z / (2 * whole), z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    low, high = (max(0.0, (middle - width) / (1 + z * z / whole)), min(1.0, (middle + width) / (1 + z * z / whole)))
    return {"count": part, "of": whole, "share": round(share, 4), "low": round(low, 4), "high": round(high, 4)}
