"""What one process of the benchmark does: one piece of work at one size, with its seconds and its peak memory."""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import scipy.stats
import world

from cem_toolkit.api import LeakGuard, Mistake, hookimpl
from cem_toolkit.evolving import evolve
from cem_toolkit.plugins import discover, register
from cem_toolkit.ranking import best_passages
from cem_toolkit.run import Run, Stage

QUESTIONS = 1_000
"""Of the points that grow in passages or rounds."""
QUERIES = 50
LOADED = scipy.stats.__name__
"""Loading it takes most of a second, which is no part of what first asks for it."""
Figures = dict[str, dict[str, float]]
"""By piece of work: `seconds`, `mib` (the process's peak meanwhile), and `disk_mib` where it leaves something."""


class Watch:
    """Seconds and peak memory since it was started."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
        self._start = time.perf_counter()

    def read(self) -> dict[str, float]:
        seconds = time.perf_counter() - self._start
        return {"seconds": round(seconds, 4), "mib": _peak()}


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


@contextlib.contextmanager
def watched(figures: Figures, name: str) -> Iterator[None]:
    watch = Watch()
    yield
    figures[name] = watch.read()


class Observer:
    """Watches the stages of a run. What a stage took is from its beginning to its end, files and checksums included."""

    def __init__(self) -> None:
        self.stages: list[tuple[int, str, dict[str, float]]] = []

    @hookimpl
    def cem_stage_started(self, stage: Stage) -> None:
        self._watch = Watch()

    @hookimpl
    def cem_stage_finished(self, stage: Stage) -> None:
        self.stages.append((stage.round, stage.name.partition("/")[0], self._watch.read()))


def rounds(questions: int, count: int, folder: Path) -> Figures:
    """A whole run."""
    registry, observer = discover(), Observer()
    register(registry, "scaling", world.ToyPlugin())
    register(registry, "observer", observer)
    figures: Figures = {}
    with watched(figures, "whole run"):
        run = evolve(
            registry=registry,
            progress=False,
            model=str(world.write_model(folder / "model", 0)),
            tasks=[str(questions)],
            plugins=[world.ToyEvaluator.name, world.ToySource.name, world.ToyTrainer.name],
            rounds=count,
            gate={"enabled": False},  # each round goes on from the one before, whatever the draw
            out=str(folder / "runs"),
            cache=str(folder / "cache"),
        )
    shutil.move(run.folder, folder / "run")
    done: dict[str, list[dict[str, float]]] = {}
    for turn, name, figure in observer.stages:
        if turn:
            done.setdefault(name, []).append(figure)
    for name, each in done.items():
        seconds = sum(one["seconds"] for one in each) / len(each)
        figures[name] = {"seconds": round(seconds, 4), "mib": max(one["mib"] for one in each)}
    return figures


def read_back(what: str, folder: Path) -> Figures:
    """`summary`, `ledger` or `report` of the run in `folder`."""
    run, figures = Run(folder / "run"), dict[str, Any]()
    if what == "summary":
        with watched(figures, what):
            run.summary()
    elif what == "ledger":
        from cem_toolkit.ledger import read_ledger

        with watched(figures, what):
            for entry in read_ledger(run):
                json.dumps(entry.to_json())
    else:
        from cem_toolkit.report import write_report

        with watched(figures, what):
            page = write_report(run)
        figures[what]["disk_mib"] = mib_of(page)
    return figures


def mib_of(path: Path) -> float:
    """What a file, or all files of a folder, take."""
    files = [path] if path.is_file() else path.rglob("*")
    return round(sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / 2**20, 2)


def read_file(count: int, folder: Path) -> Figures:
    """A question file, as cem-lm-eval reads it."""
    from cem_lm_eval.questions import read_questions

    file, figures = folder / "questions.jsonl", dict[str, Any]()
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            asked, choices, gold = world.question(number)
            row = {"question": asked, "choices": choices, "answer": gold, "group": f"group {number // world.TOGETHER}"}
            out.write(json.dumps(row) + "\n")
    with watched(figures, "question file"):
        read_questions(file)
    return figures


def screen(count: int) -> Figures:
    figures: Figures = {}
    with watched(figures, "guard, made"):
        guard = LeakGuard(world.attempts(QUESTIONS))
    given = list(world.passages(count, ["m-1"]))
    with watched(figures, "guard, screening"):
        guard.screen_passages(given)
    return figures


def rank(count: int) -> Figures:
    names = [f"m-{number}" for number in range(max(1, count // 3))]
    mistakes = [
        Mistake(id=each, attempt_id=each, task="", kind="knowledge", question="", queries=("",)) for each in names
    ]
    given = list(world.passages(count, names))
    figures: Figures = {}
    with watched(figures, "ranking"):
        best_passages(given, mistakes, 3)
    return figures


def index(count: int, folder: Path) -> Figures:
    """cem-wiki's offline backend: building its index, opening it again, and searching it."""
    from cem_toolkit.testing import make_context
    from cem_wiki.offline import OfflineBackend
    from cem_wiki.options import WikiOptions

    file, figures = folder / "articles.json", dict[str, Any]()
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            thing = f"{world.name(number)} {number}"
            page = {"title": thing, "extract": world.article(number, thing, world.name(10_000_000 + number))}
            out.write(f"{',' if number else '{'}\n{json.dumps(thing)}: {json.dumps(page)}")
        out.write("}")
    ctx, options = make_context(folder), WikiOptions(data=file)
    with watched(figures, "wiki, building"):
        OfflineBackend(options, ctx)
    figures["wiki, building"]["disk_mib"] = mib_of(ctx.cache)
    with watched(figures, "wiki, opening"):
        backend = OfflineBackend(options, ctx)
    queries = [
        f"{world.ASKED[number % 5]} of {world.name(number)} {world.text(number, 4)}" for number in range(QUERIES)
    ]
    with watched(figures, "wiki, a search"):
        for query in queries:
            backend.search(query)
    figures["wiki, a search"]["seconds"] = round(figures["wiki, a search"]["seconds"] / QUERIES, 6)
    return figures


POINTS: dict[str, Callable[[int, Path], Figures]] = {
    "file": read_file,
    "round": lambda size, folder: rounds(size, 1, folder),
    "run": lambda size, folder: rounds(QUESTIONS, size, folder),
    "summary": lambda size, folder: read_back("summary", folder),
    "ledger": lambda size, folder: read_back("ledger", folder),
    "report": lambda size, folder: read_back("report", folder),
    "screen": lambda size, folder: screen(size),
    "rank": lambda size, folder: rank(size),
    "index": index,
}

if __name__ == "__main__":
    print(json.dumps(POINTS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))))
