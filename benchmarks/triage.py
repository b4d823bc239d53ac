"""Does triage tell what it says? Plants wrong keys among questions and counts which are found, and what passages do.

    python benchmarks/triage.py [--questions 500] [--planted 0.2] [--part report|tune] [--seed 0] [--work FOLDER]

World Factbook questions of cem-embedded, summaries of cem-wiki, the embedded model, all as in a run; but a share of the
questions, drawn by the seed, has a wrong choice planted as its key. Every mistake is judged alone, so the rates found
do not depend on that share; what a tenth planted would give is reckoned from them. Countries are put apart by a hash
into a part to tune rules on and a part to report. `--work` keeps answers and scores, so that a run that was broken off
goes on.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Context, LeakGuard, Mistake, Passage, Reading, content_id
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.config import OpenBookConfig
from cem_toolkit.excerpts import says
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model
from cem_toolkit.openbook import open_book_summary, read_passages
from cem_toolkit.testing import make_context
from cem_wiki.source import Wiki

CACHE = Path("~/.cache/cem-toolkit").expanduser()
AT_ONCE = 200
A_TENTH = 0.1


@dataclass
class Judged:
    """What became of the attempts."""

    attempts: dict[str, Attempt]
    mined: list[Mistake]
    read: list[Mistake]
    passages: dict[str, Passage]
    readings: list[Reading]


class Scorer:
    """Asks the evaluator each prompt once only, and keeps the scores in a file."""

    def __init__(self, evaluator: LmEval, ctx: Context, file: Path) -> None:
        self._evaluator, self._ctx, self._file = evaluator, ctx, file
        self._known: dict[str, tuple[float, ...]] = {}
        if file.is_file():
            kept = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            self._known = {line["id"]: tuple(line["scores"]) for line in kept}

    def __call__(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
        asked = {content_id(prompt, *ends): (prompt, tuple(ends)) for prompt, ends in pairs}
        new = sorted(asked.keys() - self._known.keys(), key=lambda key: len(asked[key][0]))  # alike ones are faster
        for start in range(0, len(new), AT_ONCE):
            keys = new[start : start + AT_ONCE]
            scores = self._evaluator.score([asked[key] for key in keys], self._ctx)
            self._known.update(zip(keys, scores, strict=True))
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps({"id": key, "scores": self._known[key]}) + "\n" for key in keys)
        return [self._known[content_id(prompt, *ends)] for prompt, ends in pairs]


def draw(count: int, part: str, seed: int) -> list[dict[str, Any]]:
    """So many questions about the countries of one part."""
    tuning = part == "tune"
    rows = [row for row in make_questions(names=ASKED) if (content_id(str(row["group"]))[0] < "6") == tuning]
    random.Random(seed).shuffle(rows)  # noqa: S311 (not for secrets)
    return rows[:count]


def plant(attempt: Attempt, seed: int) -> Attempt:
    """The attempt as it were if a wrong choice were the key."""
    wrong = [choice for choice in attempt.choices if choice != attempt.gold]
    key = random.Random(content_id(str(seed), attempt.id)).choice(wrong)  # noqa: S311
    per_character = [score / len(choice) for score, choice in zip(attempt.scores, attempt.choices, strict=True)]
    normed = attempt.choices[per_character.index(max(per_character))] == key
    return replace(
        attempt,
        gold=key,
        correct=attempt.answer == key,
        completion=f" {key}",
        right_under=("acc_norm",) if normed else (),
    )


def ask(rows: Sequence[Mapping[str, Any]], evaluator: LmEval, ctx: Context, work: Path) -> list[Attempt]:
    """The model's answers, kept in `work`."""
    kept = work / "attempts.jsonl"
    if not kept.is_file():
        file = work / "questions.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        attempts = evaluator.evaluate([str(file)], ctx)
        kept.write_text("".join(json.dumps(attempt.to_json()) + "\n" for attempt in attempts), encoding="utf-8")
    return [Attempt.from_json(json.loads(line)) for line in kept.read_text(encoding="utf-8").splitlines()]


def judge(attempts: Sequence[Attempt], ctx: Context) -> Judged:
    """Mining, retrieval, leak guard and open-book test as a run does them."""
    mistakes = list(CemMiner().mine(attempts, ctx))
    found = LeakGuard(attempts).screen_passages(Wiki().retrieve(mistakes, ctx))[0]
    passages, read, readings = read_passages(attempts, mistakes, found, ctx, OpenBookConfig(mistakes=None))
    by_id = {attempt.id: attempt for attempt in attempts}
    return Judged(by_id, mistakes, read, {passage.id: passage for passage in passages}, readings)


def only(judged: Judged, ids: Collection[str]) -> Judged:
    """The part of it that is about the questions `ids`."""
    mined = [mistake for mistake in judged.mined if mistake.attempt_id in ids]
    known = {mistake.id for mistake in mined}
    read = [mistake for mistake in judged.read if mistake.id in known]
    readings = [reading for reading in judged.readings if reading.mistake_id in known]
    return replace(judged, mined=mined, read=read, readings=readings)


def share(count: int, of: int) -> dict[str, Any]:
    """A rate with its 95 % interval by Wilson."""
    if not of:
        return {"n": count, "of": of}
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return {
        "n": count,
        "of": of,
        "rate": round(count / of, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
    }


def doubt(real: Judged, planted: Judged, questions: int, keys: int) -> dict[str, Any]:
    """How well planted keys (`keys` of `questions`) are told from others, among mistakes: a planted key that the model
    takes is none."""
    groups = {"planted": planted, "unplanted": real}
    flagged = {name: sum(mistake.kind == "doubtful_key" for mistake in group.read) for name, group in groups.items()}
    right, wrong = A_TENTH * flagged["planted"] / keys, (1 - A_TENTH) * flagged["unplanted"] / (questions - keys)
    return {
        "planted_flagged": share(flagged["planted"], len(planted.read)),
        "unplanted_flagged": share(flagged["unplanted"], len(real.read)),
        "planted_of_flagged_if_a_tenth_is_planted": round(right / (right + wrong), 4) if right + wrong else None,
        "unplanted_flagged_ids": [m.attempt_id for m in real.read if m.kind == "doubtful_key"],
    }


def holding(judged: Judged) -> dict[str, Any]:
    """Whether a reading that gives the right answer had it before it; of mistakes that are wrong without a passage."""
    gold = {mistake.id: judged.attempts[mistake.attempt_id].gold for mistake in judged.mined}
    tested = [reading for reading in judged.readings if reading.closed_margin <= 0 and not reading.control]
    counts = Counter((says(reading.shown, gold[reading.mistake_id]), reading.correct) for reading in tested)
    whole = sum(
        says(judged.passages[r.passage_id].title + "\n" + judged.passages[r.passage_id].text, gold[r.mistake_id])
        for r in tested
    )
    return {
        "flips_where_the_answer_is_shown": share(counts[True, True], counts[True, True] + counts[True, False]),
        "flips_where_it_is_not": share(counts[False, True], counts[False, True] + counts[False, False]),
        "answer_shown_where_it_flips": share(counts[True, True], counts[True, True] + counts[False, True]),
        "answer_shown_where_it_does_not": share(counts[True, False], counts[True, False] + counts[False, False]),
        "passages_with_the_answer_whose_excerpt_has_it": share(counts[True, True] + counts[True, False], whole),
    }


def agreement(judged: Judged) -> dict[str, int]:
    """How many mistakes have which share of the other ways with the same wrong answer."""
    counts = Counter(mistake.agreement for mistake in judged.mined if mistake.agreement is not None)
    return {f"{value:g}": count for value, count in sorted(counts.items())}


def figures(judged: Judged, keys: Collection[str]) -> dict[str, Any]:
    """All that is counted; `keys` are the ids of the questions with a planted key."""
    real, planted = only(judged, judged.attempts.keys() - keys), only(judged, keys)
    book = open_book_summary(real.readings, real.read)
    return {
        "kinds_before_reading": dict(Counter(mistake.kind for mistake in real.mined)),
        "kinds_before_reading_planted": dict(Counter(mistake.kind for mistake in planted.mined)),
        "agreement": agreement(real),
        "agreement_planted": agreement(planted),
        "open_book": book,
        "retrieval_alone": share(book["fixed_by_best"], book["tested"]),
        "by_any_passage": share(book["fixed_by_any"], book["tested"]),
        "by_another_mistakes_passage": share(book["fixed_by_other"], book["controlled"]),
        "flips": holding(real),
        "doubtful_key": doubt(real, planted, len(judged.attempts), len(keys)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--planted", type=float, default=0.2)
    parser.add_argument("--part", choices=["report", "tune"], default="report")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="", help="a folder, GGUF file or hub id (default: the embedded model)")
    parser.add_argument("--work", type=Path, help="a folder for answers and scores (default: a temporary one)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "triage.json")
    given = parser.parse_args()
    started = time.monotonic()
    model = resolve_model(given.model or str(gguf_path(CACHE / "embedded")), CACHE, print)
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        evaluator = LmEval()
        bare = make_context(Path(temporary), model=model, log=print, seed=given.seed)
        ctx = replace(bare, score=Scorer(evaluator, bare, work / "scores.jsonl"))
        attempts = ask(draw(given.questions, given.part, given.seed), evaluator, ctx, work)
        print(f"{time.monotonic() - started:.0f} s: {sum(a.correct for a in attempts)} of {len(attempts)} right")
        chosen = sorted(attempts, key=lambda each: content_id(str(given.seed), each.id))
        ids = {attempt.id for attempt in chosen[: round(given.planted * len(attempts))]}
        judged = judge([plant(each, given.seed) if each.id in ids else each for each in attempts], ctx)
    result = {
        "model": given.model or "gemma-3-270m-q4_k_m.gguf, dequantized",
        "part": given.part,
        "seed": given.seed,
        "machine": processor(),
        "versions": {name: version(name) for name in ("cem-toolkit", "cem-lm-eval", "cem-wiki", "lm_eval", "torch")},
        "questions": len(attempts),
        "right_by_their_own_keys": sum(attempt.correct for attempt in attempts),
        "planted": len(ids),
        **figures(judged, ids),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
