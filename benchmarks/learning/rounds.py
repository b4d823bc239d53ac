"""Does a second and a third round add to the first without undoing it?

    python benchmarks/learning/rounds.py [--rounds 3] [--seed 0] [--budget 5600] [--runs runs/study]
        [--out benchmarks/results/rounds.json]

The study's defaults on the Factbook questions, looked up in the Factbook's own entries, for several rounds; no arms. Of
each round it tells what is right of every set of questions against the start, the last round against the first, and
what was kept: the watched task and the perplexity of neutral text. `mined` are all of them, reviewed ones too;
`mined, never reviewed` those whose own pair no round trained on. Prints a table.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arms import OWN_PAGES
from study import configuration
from tally import perplexity, rounds_table

from cem_toolkit import evolve
from cem_toolkit.outcomes import Answers, Outcome, paired
from cem_toolkit.run import Run
from cem_toolkit.stats import compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=int, default=5600, help="tokens of one pass over a round's training set")
    parser.add_argument("--runs", type=Path, default=Path("runs/study"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "rounds.json")
    given = parser.parse_args()
    chosen = configuration(OWN_PAGES, "defaults", given.seed, given.budget, given.runs)
    run = evolve(**{**chosen, "arms": [], "rounds": given.rounds})
    told = result(run) | {"settings": {"token_budget": given.budget, "seed": given.seed}}
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(rounds_table(told))


def result(run: Run) -> dict[str, Any]:
    """JSON-safe, with what made it."""
    own = frozenset(question for turn in run.rounds for row in turn.rows for question in row.own_pairs)
    first, last = run.rounds[0], run.rounds[-1]
    plan = run.plan
    return {
        "rounds": [
            {
                "round": turn.number,
                "against the start": changes(run.start.answers, turn.answers, own),
                "perplexity": round(perplexity(turn), 2),
                "accepted": turn.accepted,
            }
            for turn in run.rounds
        ],
        "perplexity of the start": round(perplexity(run.start), 2),
        "last against first": changes(first.answers, last.answers, own),
        "machine": {name: plan["machine"][name] for name in ("processor", "cores")},
        "components": plan["components"],
        "versions": plan["versions"],
    }


def changes(before: Answers, after: Answers, own: frozenset[str]) -> dict[str, Any]:
    """By set: how many questions, how many right before and after, and the points with their interval."""
    every = paired(before, after, frozenset())
    sets = {name: found for name, found in every.items() if name not in ("selection", "reviewed")}
    sets["mined, never reviewed"] = paired(before, after, own)["mined"]
    told = {}
    for name, found in sets.items():
        if found.pairs:
            change = compare(found.pairs, found.groups)
            told[name] = {
                **asdict(Outcome.of(found.pairs)),
                "points": [round(100 * float(each), 2) for each in (change.points, change.low, change.high)],
            }
    return told


if __name__ == "__main__":
    main()
