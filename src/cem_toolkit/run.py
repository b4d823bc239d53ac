"""What a run's folder holds, read as plain records."""

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from cem_toolkit.errors import CemError, one_line
from cem_toolkit.leaks import Drop
from cem_toolkit.outcomes import Answer, read_answers
from cem_toolkit.parsing import parse_json, parse_yaml
from cem_toolkit.records import Attempt, Mistake, Passage, Reading, Row
from cem_toolkit.secrets import redact
from cem_toolkit.store import has_its_checksum, read_info, read_records, text_hash

PASSAGES = ("read/passages.jsonl", "cut/passages.jsonl", "guard/passages.jsonl")
"""Where a round's usable passages lie: in the first of these stages that is finished, the latest in the loop."""
MISTAKES = ("read/mistakes.jsonl", "mine/mistakes.jsonl")
"""And a round's mistakes."""

PUT_BACK = "put it back from a copy, or start a new run with `cem-toolkit evolve`, which reuses what is finished"


class NoRun(CemError):  # noqa: N818 (a state more than an error)
    """There is no run of that name."""


class Locked(CemError):  # noqa: N818 (a state more than an error)
    """Another process is working on the run."""


@dataclass(frozen=True)
class Stage:
    """One stage of one round, finished (`info` is filled) or about to be."""

    round: int
    """Of which round."""
    name: str
    """`evaluate`, `mine`, `retrieve/wiki`, `guard`, `cut`, `read`, `rewrite/rules`, `mix`, `train` or `gate`; of an arm
    `arms/random/train`."""
    folder: Path
    """Where its files lie."""
    info: Mapping[str, Any]
    """Its `stage.json`; empty of one that is about to be."""

    @property
    def key(self) -> str:
        """Hash of all that the results follow from; equal keys mean equal results."""
        return str(self.info["key"])

    @property
    def reused(self) -> bool:
        """Whether the results were another run's."""
        return bool(self.info.get("reused_from"))

    @property
    def seconds(self) -> float:
        """What the work took when it was done."""
        seconds = self.info.get("seconds", 0)
        return float(seconds) if isinstance(seconds, int | float) else 0.0

    @property
    def figures(self) -> Mapping[str, Any]:
        """What the component said of its work."""
        figures = self.info.get("figures", {})
        return dict(figures) if isinstance(figures, Mapping) else {}


@dataclass(frozen=True)
class Arm:
    """What one training set made of the model: the round's own, or a control arm's."""

    number: int
    """Of the round."""
    folder: Path
    """`round-1`, or `round-1/arms/random`."""

    def stage(self, name: str) -> Stage | None:
        """The finished stage of that name, or None."""
        folder = self.folder / name
        info = read_info(folder)
        return Stage(self.number, str(info.get("stage", name)), folder, info) if info else None

    @property
    def name(self) -> str:
        """`random`, `instructions`, `passages`, `review`, or `seed-1` and so on for a repeat with another seed."""
        return self.folder.name

    @property
    def stages(self) -> list[Stage]:
        """Finished ones, in the order in which they are done."""
        names = [*self._of_each("draw"), *self._of_each("rewrite"), "mix", "train", "evaluate"]
        return [stage for name in names if (stage := self.stage(name))]

    def _of_each(self, kind: str) -> list[str]:
        return [f"{kind}/{path.name}" for path in sorted((self.folder / kind).glob("*")) if read_info(path)]

    def _read(self, name: str, cls: type[Any]) -> list[Any]:
        path = self.folder / name
        return list(read_records(path, cls)) if read_info(path.parent) and path.is_file() else []

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The answers of the model that it left, one for each question asked."""
        return self._read("evaluate/attempts.jsonl", Attempt)

    @cached_property
    def answers(self) -> dict[tuple[str, str], Answer]:
        """By task and question id what is needed to compare many attempts: lean beside `attempts`."""
        path = self.folder / "evaluate" / "attempts.jsonl"
        return read_answers(path) if read_info(path.parent) and path.is_file() else {}

    @cached_property
    def rows(self) -> list[Row]:
        """What was trained on."""
        return self._read("mix/rows.jsonl", Row)


@dataclass(frozen=True)
class Round(Arm):
    """One turn of the loop. Round 0 is the starting model's evaluation."""

    @property
    def name(self) -> str:
        """`round 1` and so on."""
        return f"round {self.number}"

    @property
    def stages(self) -> list[Stage]:
        """Finished ones, in the order of the loop, without those of the arms."""
        names = ["mine", *self._of_each("retrieve"), "guard", "cut", "read", *self._of_each("rewrite")]
        names += ["mix", "train", "evaluate", "gate"]
        return [stage for name in names if (stage := self.stage(name))]

    @property
    def arms(self) -> list[Arm]:
        """The control arms and repeats that have been evaluated, by name."""
        arms = [Arm(self.number, path) for path in sorted((self.folder / "arms").glob("*"))]
        return [arm for arm in arms if arm.stage("evaluate")]

    @property
    def accepted(self) -> bool:
        """Whether the gate let this round's model through; the starting model needs none."""
        gate = self.stage("gate")
        return gate is None or bool(gate.figures.get("accepted", True))

    @property
    def base(self) -> int:
        """The round whose model this one began with."""
        if (gate := self.stage("gate")) and isinstance(base := gate.figures.get("base"), int):
            return base
        before = (Round(number, self.folder.parent / f"round-{number}") for number in range(self.number - 1, 0, -1))
        return next((turn.number for turn in before if turn.accepted), 0)

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """As the open-book test left them, where there was one."""
        return next((found for name in MISTAKES if (found := self._read(name, Mistake))), [])

    @cached_property
    def passages(self) -> list[Passage]:
        """What was found and passed the leak guard, with what the open-book test says of it."""
        return next((found for name in PASSAGES if (found := self._read(name, Passage))), [])

    @cached_property
    def readings(self) -> list[Reading]:
        """The open-book tests."""
        return self._read("read/readings.jsonl", Reading)

    @cached_property
    def dropped(self) -> list[Drop]:
        """Passages and rows that the leak guard dropped."""
        return [*self._read("guard/dropped.jsonl", Drop), *self._read("mix/dropped.jsonl", Drop)]


@dataclass(frozen=True)
class Run:
    """A run on disk; `rounds` and what they hold are read when asked for."""

    folder: Path
    """`runs/2026-11-27-quiet-ibis`."""
    record_in: str = "events.jsonl"
    """The file below it that `record` adds to. Each process has one of its own, so that lines are never mixed up."""
    mirror: str = ""
    """The address of the folder of runs in which it was found; empty of one that was found on disk."""

    @property
    def name(self) -> str:
        """`2026-11-27-quiet-ibis`, by which commands know it."""
        return self.folder.name

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration as it was resolved."""
        path = self.folder / "config.yaml"
        try:
            text = path.read_text(encoding="utf-8")
            values = parse_yaml(text)
        except (OSError, ValueError) as error:
            raise CemError(f"{path}: cannot be read: {one_line(error)}; {PUT_BACK}") from None
        if not isinstance(values, dict):
            raise CemError(f"{path}: holds no configuration; {PUT_BACK}")
        if self.plan.get("config_sha256", text_hash(text)) != text_hash(text):
            raise CemError(f"{path}: is not as it was written when the run began; {PUT_BACK}")
        return values

    @cached_property
    def plan(self) -> dict[str, Any]:
        """Resolved options, versions, seeds and machine, as they were at the start."""
        path = self.folder / "plan.json"
        try:
            plan = parse_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CemError(f"{path}: cannot be read: {one_line(error)}; {PUT_BACK}") from None
        if not (isinstance(plan, dict) and has_its_checksum(plan)):
            raise CemError(f"{path}: is not as it was written when the run began; {PUT_BACK}")
        return plan

    def round(self, number: int) -> Round:
        """The round of that number, finished or not."""
        return Round(number, self.folder / f"round-{number}")

    @property
    def start(self) -> Round:
        """Round 0: the starting model's answers."""
        return self.round(0)

    @property
    def rounds(self) -> list[Round]:
        """The finished rounds from 1 on."""
        found: list[Round] = []
        while self.round(len(found) + 1).stage("evaluate"):
            found.append(self.round(len(found) + 1))
        return found

    @property
    def questions(self) -> list[Attempt]:
        """Every question with the starting model's answer."""
        return self.start.attempts

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened, in order; each has a `time` and an `event`."""
        path = self.folder / "events.jsonl"
        events = []
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
                with contextlib.suppress(ValueError):  # a line that a crash cut short
                    event = parse_json(line)
                    events += [event] if isinstance(event, dict) else []
        return events

    @property
    def ends(self) -> list[tuple[Any, Any, Any]]:
        """Round, name and key of each stage as it was finished, in order; more than once where it was done again."""
        ends = (event for event in self.events if event.get("event") == "stage_finished")
        return [(event.get("round"), event.get("stage"), event.get("key")) for event in ends]

    @property
    def finished(self) -> bool:
        """Whether the loop came to its end."""
        return any(event.get("event") == "run_finished" for event in self.events)

    def record(self, event: str, **details: Any) -> None:
        """Adds a line to `events.jsonl`, whole."""
        line = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "event": event,
            **redact(details),
        }
        self._append((json.dumps(line, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace"))

    def take_events(self, path: Path) -> None:
        """Adds the lines that another process recorded in `path`, where there are any, and removes that file."""
        with contextlib.suppress(FileNotFoundError):
            self._append(path.read_bytes())
            path.unlink()

    def _append(self, lines: bytes) -> None:
        with (self.folder / self.record_in).open("ab+") as file:
            if file.tell() and not _ends_a_line(file):  # a full disk or a power cut broke off the last one
                lines = b"\n" + lines
            file.write(lines)

    def summary(self) -> dict[str, Any]:
        """What the loop did, JSON-safe: the form is described in docs/show-json.md."""
        from cem_toolkit.summary import summarise

        return summarise(self)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from working on this run meanwhile. Raises Locked where one does already."""
        with (self.folder / ".lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(f"{self.folder}: another process is working on this run; wait for it or stop it") from None
            except OSError as error:
                raise CemError(
                    f"{self.folder}: its file system keeps no locks ({error.strerror}), so two processes could damage "
                    "the run unseen; choose another folder (--out), or have that file system mounted with locks"
                ) from None
            yield


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
