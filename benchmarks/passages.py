"""How fast are very many passages rewritten and guarded: in one process, by Ray tasks, by Ray Data, by datatrove?

    python benchmarks/passages.py [--passages 200000] [--repeats 1] [--ways WAY,WAY] [--out FILE]

The passages are the sentences of the summaries that cem-wiki's offline source carries, again and again under other
titles until there are enough. The work is a round's own: the rewriter `rules` with the check of what it wrote, and the
leak guard against World Factbook questions. Every way is a process of its own, gets the same file of passages, may keep
two processors busy, and has to write the same bytes in the same order; starting it, reading and writing are a part of
its time. Memory is the proportional set size of the process and all that it started, sampled. What tells is the ratio
to the plain process of the same turn; on a busy machine, where two processes get twice what one gets, that of the
seconds for which processors worked (`cpu_times_plain`). Needs `pip install "ray[data]" "datatrove[io]"`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from cem_embedded.factbook import make_questions
from cem_toolkit.api import Attempt, LeakGuard, Passage, file_hash, question_id
from cem_toolkit.builtin.rules import Rules
from cem_toolkit.builtin.text import sentences
from cem_toolkit.faithful import keep_faithful
from cem_toolkit.machine import processor
from cem_toolkit.records import Record
from cem_toolkit.testing import make_context
from cem_wiki.options import WikiOptions
from cem_wiki.summaries import find_data, read_summaries

RESULTS = Path(__file__).parent / "results" / "passages.json"
PROCESSES = 2
PORTION = 2_000
"""Passages at a time, of all ways but the plain one."""
Texts = tuple[str, str]
"""What is kept and what is dropped, a JSON object a line."""


def rewrite(lines: Iterable[str]) -> Texts:
    passages = [Passage.from_json(json.loads(line)) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        made = list(Rules().rewrite(passages, make_context(Path(folder))))
    return _texts(keep_faithful(made, passages))


def guard(lines: Iterable[str]) -> Texts:
    return _texts(the_guard().screen_passages(Passage.from_json(json.loads(line)) for line in lines))


def _texts(parts: tuple[Sequence[Record], Sequence[Record]]) -> Texts:
    kept, dropped = ("".join(json.dumps(each.to_json(), ensure_ascii=False) + "\n" for each in part) for part in parts)
    return kept, dropped


@cache
def the_guard() -> LeakGuard:
    """Against all questions that cem-embedded can make of the World Factbook."""
    return LeakGuard(_attempt(row) for row in make_questions())


def _attempt(row: dict[str, Any]) -> Attempt:
    choices, gold = tuple(row["choices"]), row["choices"][row["answer"]]
    return Attempt(
        id=question_id(row["question"], choices), task="factbook", question=row["question"], choices=choices, gold=gold,
        answer=gold, correct=True, prompt=row["question"], completion=f" {gold}",
    )  # fmt: skip


WORKS: dict[str, Callable[[Iterable[str]], Texts]] = {"rewrite": rewrite, "guard": guard}


def done(work: str, lines: Iterable[str]) -> Texts:
    """What other processes call, by the name of the work: nothing of it is sent to them."""
    return WORKS[work](lines)


def plain(work: str, passages: Path, folder: Path) -> Iterator[Texts]:
    """As a stage does it: all at once."""
    with passages.open(encoding="utf-8") as file:
        yield done(work, file)


def ray_tasks(work: str, passages: Path, folder: Path) -> Iterator[Texts]:
    """A task for each portion, which it reads from the file and writes beside it."""
    ray = _ray()

    @ray.remote
    def do(start: int, place: str) -> str:
        from passages import done

        with passages.open("rb") as file:
            file.seek(start)
            texts = done(work, (line.decode() for line in islice(file, PORTION)))
        Path(place).write_text(json.dumps(texts), encoding="utf-8")
        return place

    with passages.open("rb") as file:
        starts = [0, *(file.tell() for number, _ in enumerate(iter(file.readline, b""), 1) if number % PORTION == 0)]
    todo = [do.remote(start, str(folder / f"{number}.json")) for number, start in enumerate(starts)]
    for place in todo:
        yield json.loads(Path(ray.get(place)).read_text(encoding="utf-8"))


def ray_data(work: str, passages: Path, folder: Path) -> Iterator[Texts]:
    ray = _ray()
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    ray.data.DataContext.get_current().enable_progress_bars = False

    def do(batch: dict[str, Any]) -> dict[str, list[str]]:
        from passages import done

        kept, dropped = done(work, batch["text"])
        return {"kept": [kept], "dropped": [dropped]}

    lines = ray.data.read_text(str(passages)).repartition(8 * PROCESSES)
    for row in lines.map_batches(do, batch_size=PORTION).iter_rows():
        yield row["kept"], row["dropped"]


def _ray() -> Any:
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    import ray

    ray.init(num_cpus=PROCESSES, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    return ray


def datatrove(work: str, passages: Path, folder: Path) -> Iterator[Texts]:
    """It hands out files, so the passages are parted into some first."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader

    shards, tasks = folder / "shards", 8 * PROCESSES
    shards.mkdir(parents=True)
    lines = passages.read_text(encoding="utf-8").splitlines(keepends=True)
    for task in range(tasks):
        part = lines[len(lines) * task // tasks : len(lines) * (task + 1) // tasks]
        (shards / f"{task:03}.jsonl").write_text("".join(part), encoding="utf-8")
    del lines

    def whole(self: Any, data: dict[str, Any], path: str, id_in_file: int) -> dict[str, Any]:
        return {"text": data["text"], "id": data["id"], "metadata": {"line": json.dumps(data, ensure_ascii=False)}}

    def do(data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterable[Any]:
        from passages import done

        texts = done(work, (document.metadata["line"] for document in data))
        (folder / f"{rank}.json").write_text(json.dumps(texts), encoding="utf-8")
        yield from ()

    steps = [JsonlReader(str(shards), adapter=whole, add_file_path=False), do]
    LocalPipelineExecutor(steps, tasks=tasks, workers=PROCESSES, logging_dir=str(folder / "logs")).run()
    for task in range(tasks):
        yield json.loads((folder / f"{task}.json").read_text(encoding="utf-8"))


WAYS = {"plain": plain, "ray-tasks": ray_tasks, "ray-data": ray_data, "datatrove": datatrove}


def write_passages(count: int, path: Path) -> None:
    summaries = read_summaries(find_data(WikiOptions(), Path()).path)
    said = [(summary.title, text) for summary in summaries for text in sentences(summary.text)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            again, place = divmod(number, len(said))
            title, text = said[place]
            title = f"{title} ({again})" if again else title
            passage = Passage.make(text=text, title=title, source="wiki", licence="CC BY-SA 4.0", hits=())
            file.write(json.dumps(passage.to_json(), ensure_ascii=False) + "\n")


def measure(way: str, work: str, passages: Path) -> dict[str, Any]:
    """Seconds, peak memory and a hash of what was written, by a process of its own."""
    folder = Path(tempfile.mkdtemp(dir=passages.parent))
    began = time.monotonic()
    command = [sys.executable, __file__, "--do", way, work, str(passages), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=(folder / "said").open("wb")) as child:
        peak, busy = 0, dict[int, float]()
        while child.poll() is None:
            memory, used = _used(psutil.Process(child.pid))
            peak, busy = max(peak, memory), busy | used
            time.sleep(0.5)
    if child.returncode:
        raise SystemExit(f"{way}: {(folder / 'said').read_text(encoding='utf-8', errors='replace')[-2000:]}")
    found = {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(sum(busy.values()), 1),
        "peak_mb": round(peak / 1e6),
        "sha256": [file_hash(folder / name) for name in ("kept.jsonl", "dropped.jsonl")],
    }
    shutil.rmtree(folder)
    return found


def _used(process: psutil.Process) -> tuple[int, dict[int, float]]:
    """Bytes of memory of it and all that it started, and seconds of a processor, by process."""
    total, busy = 0, {}
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
            busy[each.pid] = times.user + times.system
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total, busy


def do(way: str, work: str, passages: str, folder: str) -> None:
    with Path(folder, "kept.jsonl").open("w") as kept, Path(folder, "dropped.jsonl").open("w") as dropped:
        for texts in WAYS[way](work, Path(passages), Path(folder, "parts")):
            kept.write(texts[0])
            dropped.write(texts[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--do", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.do:
        Path(given.do[3], "parts").mkdir()
        return do(*given.do)
    told: dict[str, Any] = {"passages": given.passages, "processes": PROCESSES, "portion": PORTION, "works": {}}
    told["machine"] = {"processor": processor(), "cores": os.cpu_count()}
    told["versions"] = {name: version(name) for name in ("ray", "datatrove")}
    with tempfile.TemporaryDirectory() as folder:
        passages = Path(folder, "passages.jsonl")
        write_passages(given.passages, passages)
        told["bytes"] = passages.stat().st_size
        for work in given.works.split(","):
            turns = [{way: measure(way, work, passages) for way in given.ways.split(",")} for _ in range(given.repeats)]
            told["works"][work] = _table(turns, given.passages)
            print(json.dumps({work: told["works"][work]}, indent=2), flush=True)
    given.out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(table(told))
    return None


def _table(turns: Sequence[dict[str, dict[str, Any]]], count: int) -> dict[str, Any]:
    """Of every way its turn that was fastest beside the plain one."""
    table = {}
    for way in turns[0]:
        turn = max(turns, key=lambda turn: turn["plain"]["seconds"] / turn[way]["seconds"])
        found, base = turn[way], turn["plain"]
        table[way] = {
            "passages_per_second": round(count / found["seconds"]),
            "times_plain": round(base["seconds"] / found["seconds"], 2),
            "cpu_times_plain": round(found["cpu_seconds"] / base["cpu_seconds"], 2),
            "peak_mb": found["peak_mb"],
            "same_bytes": all(turn[way]["sha256"] == turn["plain"]["sha256"] for turn in turns),
        }
    return table


def table(measured: dict[str, Any]) -> str:
    """For docs/decisions/ray.md."""
    lines = ["| | passages a second | of the plain one's | processor time, of the plain one's | peak memory |"]
    lines += ["|---|---|---|---|---|"]
    for work, ways in measured["works"].items():
        for way, found in ways.items():
            lines.append(
                f"| {work}: {way} | {found['passages_per_second']:,} | {found['times_plain']:.2f} | "
                f"{found['cpu_times_plain']:.2f} | {found['peak_mb']:,} MB |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
