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
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from cem_embedded.source import Factbook
from cem_toolkit import evolve
from cem_toolkit.api import Context, Mistake, Passage, Source, hookimpl, normalise
from cem_toolkit.config import PiecesConfig
from cem_toolkit.leaks import Drop
from cem_toolkit.pieces import cut_passages
from cem_toolkit.plugins import discover, register
from cem_toolkit.records import Rewrite
from cem_toolkit.run import Run
from cem_toolkit.store import read_records

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

    def retrieve(self, mistakes: Any, ctx: Context) -> Iterable[Passage]:  # type: ignore[override]
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


def wilson(part: int, whole: int) -> dict[str, Any]:
    if not whole:
        return {"count": part, "of": whole}
    z, share = 1.96, part / whole
    middle, width = share + z * z / (2 * whole), z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    low, high = (max(0.0, (middle - width) / (1 + z * z / whole)), min(1.0, (middle + width) / (1 + z * z / whole)))
    return {"count": part, "of": whole, "share": round(share, 4), "low": round(low, 4), "high": round(high, 4)}


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


def factbook() -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """The sentences of every entry, and the preset's questions."""
    from cem_embedded.factbook import write_pages
    from cem_embedded.factbook.make import make_questions
    from cem_embedded.preset import ASKED

    with tempfile.TemporaryDirectory() as folder:
        pages = json.loads(write_pages(Path(folder) / "pages.json").read_text(encoding="utf-8"))
    return {title: page["extract"].split("\n") for title, page in pages.items()}, make_questions(names=ASKED)


if __name__ == "__main__":
    main()
