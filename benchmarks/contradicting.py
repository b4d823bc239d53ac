"""How many false facts does the contradiction check see, and how often is it wrong on true ones?

    python benchmarks/contradicting.py [--share 0.01] [--seed 0] [--out FILE.json]

All of the embedded preset's questions are looked up in the Factbook and in Wikipedia's summaries, as if all had been
mistakes; what is found is cut and checked, with clean sources and with the two kinds of poison of poisoning.py in the
Factbook. No model is needed, and two minutes. Intervals are 95 %, by Wilson.
"""

import argparse
import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from planting import Planted, Poison, by_chance, factbook, targeted, wilson

from cem_toolkit.api import Mistake, Passage, question_id
from cem_toolkit.builtin import keyphrases
from cem_toolkit.config import PiecesConfig
from cem_toolkit.contradictions import contradicted
from cem_toolkit.mixing import mix_sources
from cem_toolkit.pieces import cut_passages
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki


def mistake(row: dict[str, Any]) -> Mistake:
    key = question_id(row["question"], row["choices"])
    return Mistake(
        id="m-" + key,
        attempt_id=key,
        task="factbook",
        kind="knowledge",
        question=row["question"],
        choices=tuple(row["choices"]),
        queries=keyphrases.queries(row["question"], row["choices"], 3),
    )


def checked(poison: Poison, questions: list[dict[str, Any]], wiki: list[Passage], folder: Path) -> dict[str, Any]:
    Planted.poison = poison
    mistakes = [mistake(row) for row in questions]
    found = [*Planted().retrieve(mistakes, make_context(folder)), *wiki]
    pages = mix_sources(found, {})
    pieces = cut_passages(pages, mistakes, PiecesConfig())
    false = {lie.sentence for lies in poison.lies.values() for lie in lies.values()}
    planted = {piece.id for piece in pieces if piece.text in false and piece.source == Planted.name}
    flagged = contradicted(pieces, mistakes, pages)
    true = [(key, said) for key, said in flagged.items() if key not in planted]
    beside = {about for key in planted & flagged.keys() for about in flagged[key]}
    alarms = [(key, said) for key, said in true if not beside & said.keys()]
    titles = {piece.id: f"{piece.source}: {piece.title}: {piece.text}"[:160] for piece in pieces}
    return {
        "planted": wilson(len(false), poison.sentences),
        "cut": len(planted),
        "false_ones_flagged": wilson(len(planted & flagged.keys()), len(planted)),
        "true_ones_flagged_beside_them": len(true) - len(alarms),
        "false_alarms": wilson(len(alarms), len(pieces) - len(planted)),
        "mistakes_with_false_alarms": wilson(len({about for _, said in alarms for about in said}), len(mistakes)),
        "examples": [f"{titles[key]} ({next(iter(said.values()))})" for key, said in alarms[:5]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.01, help="of the sentences that are false")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--questions", type=int, help="look up so many only, drawn at random [default: all]")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "contradicting.json")
    given = parser.parse_args()
    entries, questions = factbook()
    if given.questions:
        questions = Random(given.seed).sample(questions, given.questions)  # noqa: S311 (a draw)
    arms = {
        "clean": Poison({}, sum(map(len, entries.values()))),
        "one in a hundred": by_chance(entries, given.share, given.seed),
        "targeted": targeted(entries, questions, given.seed),
    }
    result: dict[str, Any] = {"seed": given.seed, "questions": len(questions), "share": given.share}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wiki = list(Wiki().retrieve([mistake(row) for row in questions], make_context(folder)))
        result["arms"] = {}
        for arm, poison in arms.items():
            result["arms"][arm] = checked(poison, questions, wiki, folder)
            given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(arm, json.dumps(result["arms"][arm], indent=1, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
