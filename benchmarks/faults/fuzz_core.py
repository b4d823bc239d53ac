"""What the core parses, as targets of fuzzing."""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cem_toolkit.testing import (
    example_attempts,
    example_mistakes,
    example_passages,
    example_rewrites,
    example_rows,
)
from cem_toolkit.testing.hostile import Kind

Read = Callable[[bytes], object]
WORDS = {
    name: tuple(words)
    for name, words in yaml.safe_load(Path(__file__).with_name("fuzz_words.yaml").read_text(encoding="utf-8")).items()
}
"""Words of languages and names of fields, by what they are for."""


@dataclass(frozen=True)
class Target:
    """`make`, given a folder of its own, gives what reads one input. `inputs`: so many in the full form."""

    make: Callable[[Path], Read]
    kind: Kind
    inputs: int = 30_000


FOUND = Path(__file__).parent / "found"
"""Inputs that once ended badly, in a folder for each target: run again by every engine, and by the tests."""


def slug(name: str) -> str:
    """A target's name as a folder's."""
    return "-".join(re.findall(r"[\w.]+", name.lower()))


def found_before(name: str) -> list[Path]:
    return sorted(path for path in (FOUND / slug(name)).glob("*") if path.is_file())


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def of_file(read: Callable[[Path], object], name: str) -> Callable[[Path], Read]:
    """`read` gets the input as a file."""

    def make(folder: Path) -> Read:
        path = folder / name

        def one(data: bytes) -> object:
            path.write_bytes(data)
            found = read(path)
            return list(found) if hasattr(found, "__next__") else found

        return one

    return make


# Configuration.

YAML = b"""\
model: ./model
tasks: [questions.jsonl, arc_easy]
plugins: [wiki, search, opensearch, trl, lm-eval]
rounds: 2
seed: 1
out: runs
gate: {max_forgetting: 0.02}
sources:
  wiki: {backend: live, api_url: "https://en.wikipedia.org/w/api.php", top_k: 3}
  search: {endpoint: "http://localhost/search?q={query}", allow_private: ["localhost:80", 10.0.0.0/8]}
  opensearch: {url: "http://localhost:9200", index: atlas, licence: own, filter: {term: {year: 2026}}}
weights: {wiki: 2}
trainer: &t {epochs: 1.5}
mixer: *t
when: 2026-01-02T03:04:05Z
"""
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(ord("b"), ord("l"))
)


def _resolve(folder: Path) -> Read:
    from cem_toolkit.config import read_yaml, resolve
    from cem_toolkit.plugins import discover

    plugins, path = discover(), folder / "cem.yaml"

    def one(data: bytes) -> object:
        path.write_bytes(data)
        return resolve(read_yaml(path), plugins, "cem.yaml")

    return one


def _set(folder: Path) -> Read:
    from cem_toolkit.config import merge, set_value

    def one(data: bytes) -> object:
        values: dict[str, Any] = {}
        for assignment in text_of(data).split("\n"):
            set_value(values, assignment)
        return merge({"trainer": {"epochs": 1}}, values)

    return one


def _parse_yaml(folder: Path) -> Read:
    from cem_toolkit.config import read_yaml

    return of_file(read_yaml, "any.yaml")(folder)


# Records: run folders' files, and what plugins return.


def _lines(records: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(record.to_json()).encode() for record in list(records)[:3])


def _record(name: str) -> Callable[[Path], Read]:
    def make(folder: Path) -> Read:
        from cem_toolkit import records
        from cem_toolkit.leaks import Drop
        from cem_toolkit.store import read_records, write_records

        cls = Drop if name == "Drop" else getattr(records, name)
        path, again = folder / "records.jsonl", folder / "again.jsonl"

        def one(data: bytes) -> object:
            path.write_bytes(data)
            found = list(read_records(path, cls))
            return write_records(again, found)

        return one

    return make


def _answers(folder: Path) -> Read:
    from cem_toolkit.outcomes import read_answers

    return of_file(read_answers, "attempts.jsonl")(folder)


def _ledger_lines(folder: Path) -> Read:
    from cem_toolkit.ledger.files import _lines as read
    from cem_toolkit.records import Passage

    return of_file(lambda path: list(read(path, Passage)), "passages.jsonl")(folder)


def _report_lines(folder: Path) -> Read:
    from cem_toolkit.report.material import _read_lines as read

    return of_file(lambda path: list(read(path, "id", "kind", "prompt", "completion")), "rows.jsonl")(folder)


def _from_plugin(folder: Path) -> Read:
    """JSON made into objects as a careless plugin would: fields of any type, things that are no records."""
    from cem_toolkit import records
    from cem_toolkit.accepting import accept
    from cem_toolkit.mixing import mix_sources

    def one(data: bytes) -> object:
        try:
            given = json.loads(data)
        except (ValueError, RecursionError):
            given = data
        if isinstance(given, dict):
            hits = given.get("hits")
            if isinstance(hits, list):
                given["hits"] = tuple(records.Hit(**hit) if _is_hit(hit) else hit for hit in hits)
            names, required = records.field_names(records.Passage)
            fields = {key: value for key, value in given.items() if key in names}
            given = [records.Passage(**fields)] if required <= fields.keys() else [given]
        passages = accept("source any", records.Passage, given)
        return [one.to_json() for one in mix_sources(passages, {})]

    return one


def _is_hit(hit: Any) -> bool:
    return isinstance(hit, dict) and {"mistake_id", "query", "score"} <= hit.keys() <= {
        "mistake_id",
        "query",
        "score",
        "flips",
    }


def _run_folder(folder: Path) -> Read:
    from cem_toolkit.run import Run

    run = Run(folder)

    def one(data: bytes) -> object:
        for name in (
            "config.yaml",
            "plan.json",
            "events.jsonl",
            "round-0/evaluate/stage.json",
            "round-1/gate/stage.json",
        ):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        fresh = Run(run.folder)
        stage = fresh.start.stage("evaluate")
        return (
            _either(lambda: fresh.config),
            _either(lambda: fresh.plan),
            fresh.events,
            fresh.finished,
            fresh.rounds,
            stage and (stage.reused, stage.name),
            fresh.round(1).accepted,
            fresh.round(1).base,
        )

    return one


def _either(ask: Callable[[], object]) -> object:
    from cem_toolkit.api import CemError

    try:
        return ask()
    except CemError as error:
        return str(error)


def _stage_is_whole(folder: Path) -> Read:
    from cem_toolkit.store import INFO, is_whole

    def one(data: bytes) -> object:
        (folder / INFO).write_bytes(data)
        return is_whole(folder, "k")

    return one


# Models.


def _gguf() -> bytes:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    values = text(b"general.name") + struct.pack("<I", 8) + text(b"tiny")
    values += text(b"general.alignment") + struct.pack("<II", 4, 32)
    values += text(b"tokens") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b")
    tensor = text(b"w") + struct.pack("<IQQIQ", 2, 4, 2, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 3) + values + tensor
    return head + bytes(-len(head) % 32) + bytes(32)


def _check_gguf(folder: Path) -> Read:
    from cem_toolkit.models.gguf import check_gguf

    return of_file(check_gguf, "m.gguf")(folder)


def _safetensors(folder: Path) -> Read:
    from cem_toolkit.models.resolve import check_safetensors

    return of_file(check_safetensors, "m.safetensors")(folder)


_HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {}}).encode()


def _adapter(folder: Path) -> Read:
    from cem_toolkit.models.resolve import _base_of

    return of_file(lambda path: _base_of(path.parent), "adapter_config.json")(folder)


# What language models write, and files that options name.


def _self_study(folder: Path) -> Read:
    from cem_toolkit.builtin import llm, selfstudy

    (passage, *_) = example_passages()
    (attempt, *_) = example_attempts()
    forms = (selfstudy.restating(2), selfstudy.asking(2), selfstudy.summing_up())

    def one(data: bytes) -> object:
        output = text_of(data)
        made = [rewrite for form in forms for rewrite in form.read(output, passage)]
        return [selfstudy.fault(rewrite, passage) for rewrite in made], llm.parse(
            output, attempt.question, attempt.choices
        )

    return one


def _faithful(folder: Path) -> Read:
    from cem_toolkit.faithful import keep_faithful
    from cem_toolkit.records import Rewrite

    passages = example_passages()

    def one(data: bytes) -> object:
        question, _, text = text_of(data).partition("\n")
        made = Rewrite.make(passage_id=passages[0].id, kind="restatement", question=question, text=text)
        return keep_faithful([made], passages)

    return one


def _guard(folder: Path) -> Read:
    from cem_toolkit.leaks import LeakGuard

    guard, (row, *_) = LeakGuard(example_attempts()), example_rows()

    def one(data: bytes) -> object:
        import dataclasses

        prompt, _, completion = text_of(data).partition("\n")
        return guard.screen_rows([dataclasses.replace(row, prompt=prompt, completion=completion)])

    return one


def _kept_answers(folder: Path) -> Read:
    from cem_toolkit.builtin.endpoint import _read_answers

    return of_file(_read_answers, "answers.jsonl")(folder)


def _general(folder: Path) -> Read:
    from cem_toolkit.builtin.general import read_general

    return of_file(read_general, "general.jsonl")(folder)


def _doubtful(folder: Path) -> Read:
    from cem_toolkit.builtin.miner import _read_ids

    return of_file(_read_ids, "doubtful.jsonl")(folder)


def _retry_after(folder: Path) -> Read:
    from cem_toolkit.searching.polite import parse_retry_after

    def one(data: bytes) -> object:
        seconds = parse_retry_after(data.decode("latin-1"))
        if not 0 <= seconds < 1e12:
            raise AssertionError(f"waits {seconds} s")
        return seconds

    return one


def _page_text(folder: Path) -> Read:
    from cem_toolkit.searching import clean, match_key

    def one(data: bytes) -> object:
        text = data.decode("utf-8", "surrogatepass") if _is_wtf8(data) else text_of(data)
        kept = clean(text, 100)
        kept.encode("utf-8")
        return kept, match_key(text)

    return one


def _is_wtf8(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


TARGETS: dict[str, Target] = {
    "configuration": Target(_resolve, Kind((YAML, BOMB), WORDS["yaml"]), 5_000),
    "configuration: YAML": Target(_parse_yaml, Kind((YAML, BOMB), WORDS["yaml"]), 40_000),
    "configuration: --set": Target(
        _set, Kind((b"trainer.epochs=3\nsources.wiki.top_k=[1]",), ("trainer", ".", "=", "\n", *WORDS["yaml"]))
    ),
    **{
        f"records: {name}": Target(_record(name), Kind(_lines(records), fields=WORDS["records"]), 20_000)
        for name, records in {
            "Attempt": example_attempts(),
            "Mistake": example_mistakes(),
            "Passage": example_passages(),
            "Rewrite": example_rewrites(),
            "Row": example_rows(),
            "Reading": (),
            "Drop": (),
        }.items()
    },
    "records: answers": Target(_answers, Kind(_lines(example_attempts()), fields=WORDS["records"])),
    "records: ledger": Target(_ledger_lines, Kind(_lines(example_passages()), fields=WORDS["records"])),
    "records: report": Target(_report_lines, Kind(_lines(example_rows()), fields=WORDS["records"])),
    "records: a plugin's": Target(_from_plugin, Kind(_lines(example_passages()), fields=WORDS["records"])),
    "run folder": Target(
        _run_folder,
        Kind(
            (b'{"key": "k", "files": {"a": {"bytes": 1, "sha256": "x"}}, "figures": {"accepted": true, "base": 0}}',),
            fields=("key", "files", "figures", "accepted", "base", "event", "run_finished", "seconds", "reused_from"),
        ),
        20_000,
    ),
    "run folder: stage.json": Target(
        _stage_is_whole,
        Kind(
            (b'{"key": "k", "files": {"a": {"bytes": 1, "sha256": "x"}}}',), fields=("key", "k", "files", "../x", "\0")
        ),
    ),
    "models: GGUF": Target(_check_gguf, Kind((_gguf(),)), 50_000),
    "models: safetensors": Target(
        _safetensors, Kind((struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(8),), fields=("w", "data_offsets"))
    ),
    "models: adapter": Target(
        _adapter, Kind((b'{"base_model_name_or_path": "x"}',), fields=("base_model_name_or_path",))
    ),
    "language models: answers": Target(
        _self_study,
        Kind(
            (
                b"1. Paris is the capital of France.\n2. x",
                b"Question: What?\nAnswer: Paris.\n",
                b"Summary: Paris is a city.",
            ),
            (
                "1. ",
                "Question: ",
                "Answer: ",
                "Summary: ",
                "\n",
                "Paris",
                "France",
                "?",
                ".",
                "**",
                "<|im_end|>",
                "Title:",
            ),
        ),
    ),
    "language models: kept answers": Target(
        _kept_answers, Kind((b'{"id": "x", "answer": "y"}\n',), fields=("id", "answer"))
    ),
    "rewrites: faithful": Target(
        _faithful, Kind((b"\nParis is not the capital of 5 States.",), ("not ", "5 ", "Paris", "\n"))
    ),
    "leak guard": Target(
        _guard, Kind((b"What is the capital of France?\nParis",), ("capital ", "France", "Paris", "\n")), 5_000
    ),
    "general rows": Target(_general, Kind((b'{"prompt": "x", "completion": "y"}\n',), fields=("prompt", "completion"))),
    "doubtful ids": Target(_doubtful, Kind((b'{"id": "x"}\n',), fields=("id",))),
    "HTTP: Retry-After": Target(
        _retry_after,
        Kind(
            (b"120", b"Wed, 21 Oct 2026 07:28:00 GMT"), ("Wed, ", "21 ", "Oct ", "2026 ", ":", "GMT", "+9999", "-", "(")
        ),
        150_000,
    ),
    "page text": Target(
        _page_text, Kind(("Chad\u202e \ud83d\ude00".encode("utf-8", "surrogatepass"),), ("\u202e", "a ", "\n"))
    ),
}
