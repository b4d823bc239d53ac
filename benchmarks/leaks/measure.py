"""How many leaks does the guard catch, how often does it cry wolf, and how fast is it?

    python benchmarks/leaks/measure.py [--encoder MODEL] [--out FILE.json]

Needs babel, cem-embedded and cem-wiki. Thresholds were chosen on the tuning half of the relations; rates are reported
for the test half, whose relations and phrasings are others. MODEL is a folder or a name on the Hub.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from examples import Example, Question, harmless, leaking, read_questions, unrelated
from scipy.stats import binomtest

from cem_toolkit.api import Attempt, LeakGuard, Row, question_id
from cem_toolkit.leaks import SentenceEncoder
from cem_toolkit.leaks.asking import find_asks
from cem_toolkit.leaks.features import read_question
from cem_toolkit.leaks.guard import THRESHOLD

Flag = Callable[[Example], set[str]]
STEPS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
ENCODER_STEPS = (0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="also measure with this sentence encoder")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/leaks.json"))
    given = parser.parse_args()
    questions = read_questions()
    halves = {half: [question for question in questions if question.half == half] for half in ("tuning", "test")}
    examples = {half: list(_examples(asked)) for half, asked in halves.items()}
    test, texts = halves["test"], examples["test"]
    result: dict[str, Any] = {
        "threshold": THRESHOLD,
        "questions": {half: len(asked) for half, asked in halves.items()},
        "versions": {name: version(name) for name in ("cem-toolkit", "cem-embedded", "cem-wiki", "babel")},
        "tuning": {f"{step:.2f}": step_rates for step, step_rates in _sweep(halves["tuning"], examples["tuning"])},
        "test": {
            "13-gram alone": rates(texts, _guarded(LeakGuard(_attempts(test), threshold=None))),
            "default": rates(texts, _guarded(LeakGuard(_attempts(test)))),
        },
    }
    if given.encoder:
        encoder = SentenceEncoder(given.encoder)
        result["encoder"] = {"model": Path(given.encoder).name, "threshold": encoder.threshold}
        result["encoder"]["tuning"] = dict(_sweep_encoder(halves["tuning"], examples["tuning"], encoder))
        guard = LeakGuard(_attempts(test), encoder=encoder)
        begun = time.perf_counter()
        guard.screen_rows(_row(example) for example in texts)  # embeds all in batches
        seconds = time.perf_counter() - begun
        result["test"]["with encoder"] = rates(texts, _guarded(guard))
        result["test"]["encoder alone"] = rates(texts, _encoded(test, texts, encoder))
        result["encoder"]["rows_a_second"] = round(len(texts) / seconds)
    result["speed"] = speed(questions, texts)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result["test"]))
    print(json.dumps(result["speed"], indent=1))


def rates(examples: Sequence[Example], flag: Flag) -> dict[str, dict[str, list[float]]]:
    """By kind, of the leaks those caught, and of all texts those taken for a question that they do not ask.

    Every figure is hits, number, and the bounds of Wilson's 95 % interval.
    """
    caught: dict[str, list[bool]] = defaultdict(list)
    alarms: dict[str, list[bool]] = defaultdict(list)
    for example in examples:
        found = flag(example)
        kind = f"another question of the set: {example.kind}" if example.asks else example.kind
        alarms[kind].append(bool(found - example.asks))
        for asked in example.asks:
            caught[example.kind].append(asked in found)
    return {"caught": _counted(caught), "false_alarms": _counted(alarms)}


def _counted(kinds: dict[str, list[bool]]) -> dict[str, list[float]]:
    counted = {}
    for kind, hits in kinds.items():
        interval = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        counted[kind] = [sum(hits), len(hits), round(interval.low, 4), round(interval.high, 4)]
    return counted


def _sweep(questions: Sequence[Question], examples: Sequence[Example]) -> Iterator[tuple[float, dict[str, Any]]]:
    for step in STEPS:
        yield step, rates(examples, _guarded(LeakGuard(_attempts(questions), threshold=step)))


def _sweep_encoder(
    questions: Sequence[Question], examples: Sequence[Example], encoder: SentenceEncoder
) -> Iterator[tuple[str, dict[str, Any]]]:
    chosen = encoder.threshold
    guard = LeakGuard(_attempts(questions), encoder=encoder)
    guard.screen_rows(_row(example) for example in examples)  # embeds all in batches
    for encoder.threshold in ENCODER_STEPS:
        yield f"{encoder.threshold:.2f}", rates(examples, _guarded(guard))
    encoder.threshold = chosen


def _guarded(guard: LeakGuard) -> Flag:
    return lambda example: {leak.question_id for leak in guard.find(example.completion, example.prompt)}


def _encoded(questions: Sequence[Question], examples: Sequence[Example], encoder: SentenceEncoder) -> Flag:
    """Whatever asks something and gives the answer, by the encoder's word alone."""
    by_answer: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        answer = read_question(question.attempt.question, question.attempt.gold).answer
        by_answer[f" {' '.join(answer)} "].append(question)

    def pairs(example: Example) -> Iterator[tuple[Question, str]]:
        for ask in find_asks(example.prompt, example.completion):
            reply = f" {' '.join(ask.reply)} "
            found = (question for answer, asked in by_answer.items() if answer in reply for question in asked)
            yield from ((question, text) for question in found for text in ask.texts)

    def alike(example: Example) -> set[str]:
        found = list(pairs(example))
        scores = encoder.likeness([(question.attempt.question, text) for question, text in found])
        return {
            question.attempt.id
            for (question, _), score in zip(found, scores, strict=True)
            if score >= encoder.threshold
        }

    encoder.likeness([(question.attempt.question, text) for each in examples for question, text in pairs(each)])
    return alike


def speed(questions: Sequence[Question], examples: Sequence[Example]) -> list[dict[str, float]]:
    """Rows a second against questions about made-up subjects, with real answers, in the words of the Factbook's."""
    rows = [_row(example) for example in examples[::2]]
    figures = []
    for count in (1_000, 100_000):
        made = [_made_up(questions[number % len(questions)], number) for number in range(count)]
        for name, threshold in (("13-gram alone", None), ("default", THRESHOLD)):
            begun = time.perf_counter()
            guard = LeakGuard(made, threshold=threshold)
            built = time.perf_counter()
            guard.screen_rows(rows)
            ended = time.perf_counter()
            seconds = {"build_seconds": round(built - begun, 2), "rows_a_second": round(len(rows) / (ended - built))}
            figures.append({"questions": count, "guard": name, "rows": len(rows), **seconds})
    return figures


def _made_up(question: Question, number: int) -> Attempt:
    asked = question.attempt.question
    if number >= 1_000:
        asked = asked.replace(question.subject, f"{question.subject} Nova {number}")
    return Attempt(**{**question.attempt.to_json(), "id": question_id(asked), "question": asked})


def _examples(questions: Sequence[Question]) -> Iterator[Example]:
    for question in questions:
        yield from leaking(question)
        yield from harmless(question)
    yield from unrelated(questions)


def _attempts(questions: Sequence[Question]) -> list[Attempt]:
    return [question.attempt for question in questions]


def _row(example: Example) -> Row:
    return Row.make(kind="normative", prompt=example.prompt, completion=example.completion, parents=())


def table(results: dict[str, dict[str, dict[str, list[float]]]]) -> str:
    """The figures as docs/leaks.md shows them."""
    lines = []
    for part in ("caught", "false_alarms"):
        lines.append(f"\n| {part.replace('_', ' ')} | n | " + " | ".join(results) + " |")
        lines.append("|---|---|" + "---|" * len(results))
        for kind, (_, number, _, _) in results["default"][part].items():
            cells = []
            for found in results.values():
                hits, _, low, high = found[part][kind]
                cells.append(f"{hits:,} = {hits / number:.1%} ({low:.1%}–{high:.1%})")
            lines.append(f"| {kind} | {number:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
