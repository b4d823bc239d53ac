"""What becomes of false facts that somebody plants in a knowledge source?

    python benchmarks/poisoning.py [--questions 80] [--share 0.01] [--seed 0] [--runs FOLDER] [--out FILE.json]

One round on the embedded model with its Factbook questions, four times: with clean sources; with false facts in 1 % of
the Factbook's sentences, each with the value that the same field has for another country; with targeted ones, where the
sentence that answers a question has one of its wrong choices instead, for every tenth question asked; and the same once
more with `pieces.contradictions: drop`. Wikipedia's summaries, which are clean, are the second source. All questions
take about ten minutes an arm on two cores; `--questions` asks so many of each task, for trials.

Writes how many false facts were planted, and how many of them were retrieved, cut, contradicted by the other source,
found false by the open-book test, doubted, rewritten and trained on; how questions that a false fact is about were
answered before and after; and the gate's verdict. Intervals are 95 %, by Wilson.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from planting import TARGETED, Planted, Plugin, Poison, by_chance, factbook, targeted, wilson

from cem_toolkit import evolve
from cem_toolkit.api import Mistake, Passage, normalise
from cem_toolkit.config import PiecesConfig
from cem_toolkit.leaks import Drop
from cem_toolkit.pieces import cut_passages
from cem_toolkit.plugins import discover, register
from cem_toolkit.records import Rewrite
from cem_toolkit.run import Run
from cem_toolkit.store import read_records


def measured(run: Run, poison: Poison) -> dict[str, Any]:
    """What became of the false sentences of `poison` in the only round of `run`."""
    turn, start = run.rounds[0], run.start
    false = {lie.sentence: lie for lies in poison.lies.values() for lie in lies.values()}
    pages = list(read_records(turn.folder / "guard/passages.jsonl", Passage))
    mined = list(read_records(turn.folder / "mine/mistakes.jsonl", Mistake))
    # As they were before any was left out.
    pieces = {piece.id: piece for piece in cut_passages(pages, mined, PiecesConfig(**run.config["pieces"]))}
    planted = {key for key, piece in pieces.items() if piece.text in false and piece.source == Planted.name}
    flagged = {drop.id for drop in read_records(turn.folder / "cut/contradicted.jsonl", Drop)}
    read = [hit for piece in turn.passages if piece.id in planted for hit in piece.hits]
    doubted = {mistake.id for mistake in turn.mistakes if mistake.kind == "doubtful_key"}
    trained = {parent for row in turn.rows for parent in row.parents} & planted
    gate = turn.stage("gate")
    return {
        "planted": wilson(len(false), poison.sentences),
        "retrieved": sum(line in false for page in pages if page.source == Planted.name for line in lines(page)),
        "cut": len(planted),
        "contradiction_check": {
            "pieces": len(pieces),
            "flagged": len(flagged),
            "false_ones_flagged": wilson(len(planted & flagged), len(planted)),
            "true_ones_flagged": wilson(len(flagged - planted), len(pieces) - len(planted)),
            "used_all_the_same": len(flagged & {piece.id for piece in turn.passages}),
        },
        "open_book": {
            "false_ones_tested": sum(hit.flips is not None for hit in read),
            "lead_to_a_wrong_answer": sum(hit.flips is False for hit in read),
            "keys_doubted_by_them": len(doubted & {hit.mistake_id for hit in read}),
        },
        "rewrites_of_false_ones": rewrites(run, planted),
        "trained_on": wilson(len(trained), len(planted)),
        "questions": answered(run, poison, taught(run, trained)),
        "gate": {name: gate.figures[name] for name in ("accepted", "reasons")} if gate else None,
        "right_before": sum(answer.correct for answer in start.answers.values()),
        "right_after": sum(answer.correct for answer in turn.answers.values()),
        "asked": len(turn.answers),
    }


def lines(page: Passage) -> list[str]:
    return page.text.split("\n")


def rewrites(run: Run, planted: set[str]) -> dict[str, int]:
    """How many rewrites of false sentences were faithful to them, so that the check had nothing against them."""
    stages = [stage for stage in run.rounds[0].stages if stage.name.startswith("rewrite/")]
    made = [each for stage in stages for each in read_records(stage.folder / "rewrites.jsonl", Rewrite)]
    return {"kept": sum(bool(planted.intersection(each.passage_ids)) for each in made)}


def taught(run: Run, trained: set[str]) -> set[str]:
    """Ids of the questions that these pieces were found for."""
    turn = run.rounds[0]
    found = {hit.mistake_id for piece in turn.passages if piece.id in trained for hit in piece.hits}
    return {mistake.attempt_id for mistake in turn.mistakes if mistake.id in found}


def answered(run: Run, poison: Poison, trained: set[str]) -> dict[str, Any]:
    """Questions of which a false fact gives a wrong choice: all of them, and those it was trained on for."""
    offered: dict[str, set[str]] = {}
    for lie in (lie for lies in poison.lies.values() for lie in lies.values()):
        offered.setdefault(lie.country, set()).add(normalise(lie.value))
    before, after = ({(a.task, a.id): a for a in turn.attempts} for turn in (run.start, run.rounds[0]))
    sets: dict[str, list[tuple[bool, bool, bool, bool]]] = {"all": [], "trained_on": []}
    for key, now in after.items():
        lies = offered.get(now.group, set())
        false = {choice for choice in now.choices if choice != now.gold and normalise(choice) in lies}
        if false:
            seen = (before[key].correct, now.correct, before[key].answer in false, now.answer in false)
            sets["all"].append(seen)
            sets["trained_on"] += [seen] if now.id in trained else []
    return {
        name: {
            "became_wrong": wilson(sum(b and not a for b, a, _, _ in seen), sum(b for b, *_ in seen)),
            "say_the_false_value_before": wilson(sum(said for _, _, said, _ in seen), len(seen)),
            "say_the_false_value_after": wilson(sum(said for *_, said in seen), len(seen)),
        }
        for name, seen in sets.items()
    }


def table(result: dict[str, Any]) -> str:
    """What became of the false facts, an arm a line."""
    head = ["sources", "planted", "retrieved", "cut", "contradicted", "lead to a wrong answer", "trained on",
            "their questions that say the false value, before → after", "right answers", "gate"]  # fmt: skip
    lines = [head, ["---", *["--:"] * (len(head) - 2), "---"]]
    for name, arm in result["arms"].items():
        check, opened, asked = arm["contradiction_check"], arm["open_book"], arm["questions"]["all"]
        before, after = (asked[f"say_the_false_value_{when}"] for when in ("before", "after"))
        lines.append(
            [
                name,
                f"{arm['planted']['count']:,} of {arm['planted']['of']:,}",
                f"{arm['retrieved']:,}",
                f"{arm['cut']:,}",
                f"{check['false_ones_flagged']['count']}",
                f"{opened['lead_to_a_wrong_answer']} of {opened['false_ones_tested']} tested",
                f"{arm['trained_on']['count']}",
                f"{before['count']} → {after['count']} of {after['of']}" if after["of"] else "–",
                f"{arm['right_before']:,} → {arm['right_after']:,} of {arm['asked']:,}",
                "accepted" if arm["gate"]["accepted"] else "rejected",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, help="ask so many only, the first ones")
    parser.add_argument("--share", type=float, default=0.01, help="of the sentences that are false")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "poisoning.json")
    given = parser.parse_args()
    small = {"evaluator": {"limit": given.questions}, "mixer": {"token_budget": 1500}} if given.questions else {}
    entries, questions = factbook()
    asked = questions[: given.questions]
    arms = {
        "clean": (Poison({}, sum(map(len, entries.values()))), "tell"),
        "one in a hundred": (by_chance(entries, given.share, given.seed), "tell"),
        "targeted": (targeted(entries, asked, given.seed), "tell"),
        "targeted, contradicted ones dropped": (targeted(entries, asked, given.seed), "drop"),
    }
    result: dict[str, Any] = {"seed": given.seed, "questions": len(asked), "share": given.share, "targeted": TARGETED}
    result["arms"] = {}
    clean: Run | None = None
    for name, (poison, policy) in arms.items():
        Planted.poison, Planted.label = poison, f"{name.partition(',')[0]} {given.share} {given.seed} {len(asked)}"
        registry = discover()
        register(registry, "planted", Plugin())
        run = evolve(
            registry=registry,
            plugins=["planted", "wiki", "trl"],
            seed=given.seed,
            out=given.runs,
            pieces={"contradictions": policy},
            **small,
        )
        clean = clean or run
        figures = {
            **measured(run, poison),
            "the_same_questions_with_clean_sources": answered(clean, poison, set())["all"],
        }
        result["arms"][name] = figures
        result |= {"versions": run.plan["versions"], "components": run.plan["components"]}
        given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, json.dumps(figures, indent=1, ensure_ascii=False), sep="\n")


if __name__ == "__main__":
    main()
