"""How large a run can its report be made of, and how fast is the page? Seconds, memory, size, opening and filtering.

    python benchmarks/report_size.py [--sizes 1000 10000 100000] [--seed 0] [--out FILE.json]

Makes run folders of two rounds with passages and rows, of invented words, writes the report of each in a process of its
own, and opens the page in Chromium where one is found (`playwright` drives it).
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cem_toolkit.records import question_id
from cem_toolkit.report import write_report
from cem_toolkit.run import Run

WORDS = 20_000
SPLITS = ("mined",) * 10 + ("sibling",) * 3 + ("held_out",) * 4 + ("selection",) * 2 + ("general",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/report_size.json"))
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        print(json.dumps(write_one(given.write)))
        return
    results = [measure(size, given.seed) for size in given.sizes]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    settings = {"rounds": 2, "seed": given.seed, "python": sys.version.split()[0]}
    given.out.write_text(json.dumps({"settings": settings, "results": results}, indent=2) + "\n", encoding="utf-8")


def measure(size: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        run = make_run(Path(folder) / "synthetic", size, seed)
        done = subprocess.run(
            [sys.executable, __file__, "--write", str(run)], check=True, capture_output=True, text=True
        )
        page = run / "report.html"
        result = {"questions": size, **json.loads(done.stdout), "megabytes": round(page.stat().st_size / 1e6, 1)}
        result["browser"] = browse(page)
    print(json.dumps(result))
    return result


def write_one(run: Path) -> dict[str, Any]:
    start = time.perf_counter()
    write_report(Run(run))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(time.perf_counter() - start, 1), "peak_memory_mib": round(peak)}


def browse(page: Path) -> dict[str, Any] | None:
    """Seconds until the page is there, until its questions are, and for searching; the longest freeze meanwhile."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page()
        start = time.perf_counter()
        tab.goto(page.as_uri())
        opened = time.perf_counter()
        tab.evaluate("document.getElementById('questions').scrollIntoView()")
        tab.wait_for_selector("#pages:not([hidden])", timeout=60_000)
        ready = time.perf_counter()
        filtering = [_milliseconds(tab, text) for text in ("a", "what", "what baso", "")]
        tab.locator("#table .open").first.click()
        clicked = time.perf_counter()
        tab.wait_for_selector("#table .detail")
        unfolded = time.perf_counter()
        version = browser.version
        browser.close()
    return {
        "version": version,
        "open_seconds": round(opened - start, 2),
        "questions_ready_seconds": round(ready - opened, 2),
        "filter_milliseconds": filtering,
        "unfold_seconds": round(unfolded - clicked, 2),
    }


def _milliseconds(tab: Any, text: str) -> int:
    """What one search takes, without the pause that waits for more letters."""
    return round(
        tab.evaluate(
            "text => { state.text = text; const start = performance.now(); update(); "
            "return performance.now() - start; }",
            text,
        )
    )


class Writer:
    """Invents text of words of two to four syllables, common ones more often, as in a language."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (not for secrets)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        pick = self.random.choice
        self.words = ["".join(pick(syllables) for _ in range(2 + number % 3)) for number in range(WORDS)]

    def text(self, words: int) -> str:
        return " ".join(self.words[int(self.random.paretovariate(0.6)) % WORDS] for _ in range(words))

    def passage(self, answer: str) -> str:
        sentences = [f"{self.text(14).capitalize()}." for _ in range(6)]
        sentences.insert(3, f"{self.text(6).capitalize()} {answer} {self.text(5)}.")
        return " ".join(sentences)


def make_run(folder: Path, size: int, seed: int) -> Path:
    """A run of two rounds with `size` questions, two fifths of them wrong at first."""
    writer = Writer(seed)
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("model: synthetic\nseed: 0\ntasks: [synthetic]\nrounds: 2\n", encoding="utf-8")
    plan = {"model_fingerprint": "0" * 16, "seed": 0, "components": {}, "versions": {}, "machine": {}}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "events.jsonl").write_text('{"event": "run_finished"}\n', encoding="utf-8")
    questions = [_question(writer, number) for number in range(size)]
    wrong = [writer.random.random() < 0.4 for _ in questions]
    _write(folder / "round-0/evaluate", "attempts.jsonl", map(_attempt, questions, wrong))
    for number in (1, 2):
        missed = [
            each for each, is_wrong in zip(questions, wrong, strict=True) if is_wrong and each["split"] == "mined"
        ]
        _teach(writer, folder / f"round-{number}", missed)
        wrong = [writer.random.random() < (0.65 if was else 0.08) for was in wrong]
        _write(folder / f"round-{number}/evaluate", "attempts.jsonl", map(_attempt, questions, wrong))
    return folder


def _question(writer: Writer, number: int) -> dict[str, Any]:
    choices = [writer.text(2) for _ in range(4)]
    text = f"What {writer.text(12)} {number}?"
    return {
        "id": question_id(text, choices), "task": "synthetic", "split": SPLITS[number % len(SPLITS)],
        "group": f"group {number // 5}", "question": text, "choices": choices, "gold": choices[number % 4],
        "prompt": f"Question: {text}\nAnswer:", "completion": f" {choices[number % 4]}", "right_under": [], "part": "",
    }  # fmt: skip


def _attempt(question: dict[str, Any], wrong: bool) -> dict[str, Any]:
    gold = question["choices"].index(question["gold"])
    answer = (gold + 1) % 4 if wrong else gold
    scores = [-1.0 if index == answer else -3.0 - index for index in range(4)]
    return {**question, "answer": question["choices"][answer], "correct": not wrong, "scores": scores}


def _teach(writer: Writer, folder: Path, missed: Sequence[dict[str, Any]]) -> None:
    """Every two mistakes share two passages, and each has two rows."""
    mistakes, passages, rows = [], [], []
    for number, question in enumerate(missed):
        name = f"m-{number:015x}{folder.name[-1]}"
        queries = [writer.text(3) for _ in range(4)]
        mistakes.append(
            {"id": name, "attempt_id": question["id"], "task": "synthetic", "kind": "knowledge", "queries": queries,
             "question": question["question"], "choices": question["choices"], "margin": -2.0, "agreement": None,
             "evidence": ["margin -2.0 nats"]}
        )  # fmt: skip
        hits = [{"mistake_id": name, "query": query, "score": 1.0, "flips": number % 3 == 0} for query in queries[:2]]
        if number % 2:
            for passage in passages[-2:]:
                passage["hits"] += hits
        else:
            passages += [_passage(writer, f"{folder.name}-{number}-{part}", question["gold"], hits) for part in (0, 1)]
        parent = passages[-2]
        rows += [
            _row(f"{name}-t", "passage", "", parent["text"], [parent["id"], name]),
            _row(
                f"{name}-n",
                "normative",
                f"Question: {writer.text(10)}?\nAnswer:",
                f" {writer.text(2)}",
                [parent["id"], name],
            ),
        ]
    _write(folder / "mine", "mistakes.jsonl", mistakes)
    _write(folder / "guard", "passages.jsonl", passages)
    _write(folder / "mix", "rows.jsonl", rows)
    _write(
        folder / "train",
        "none.jsonl",
        [],
        {"fingerprint": "1" * 16, "losses": [[step, 2 / step] for step in range(1, 200)]},
    )


def _passage(writer: Writer, name: str, answer: str, hits: list[dict[str, Any]]) -> dict[str, Any]:
    title = writer.text(2)
    return {
        "id": f"p-{name}", "text": writer.passage(answer), "title": title, "source": "synthetic", "url": "https://example.org/",
        "revision": "1", "licence": "CC0", "hits": list(hits),
    }  # fmt: skip


def _row(name: str, kind: str, prompt: str, completion: str, parents: list[str]) -> dict[str, Any]:
    return {
        "id": f"r-{name}", "kind": kind, "prompt": prompt, "completion": completion, "parents": parents,
        "own_pairs": [], "weight": 1.0, "tokens": 40,
    }  # fmt: skip


def _write(folder: Path, name: str, records: Any, figures: dict[str, Any] | None = None) -> None:
    folder.mkdir(parents=True)
    with (folder / name).open("w", encoding="utf-8") as file:
        file.writelines(_lines(records))
    info = {"stage": folder.name, "key": "", "seconds": 1.0, "figures": figures or {}, "files": {}}
    (folder / "stage.json").write_text(json.dumps(info), encoding="utf-8")


def _lines(records: Any) -> Iterator[str]:
    for record in records:
        yield json.dumps(record, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
