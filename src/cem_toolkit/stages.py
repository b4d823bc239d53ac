"""Performs one stage: reuses a finished one of the same key, else lets the component work and seals what it wrote."""

import contextlib
import copy
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cem_toolkit.config import Config, Crew
from cem_toolkit.console import Screen
from cem_toolkit.errors import one_line
from cem_toolkit.guards import Guards
from cem_toolkit.parsing import parse_json
from cem_toolkit.plugins import Plugins
from cem_toolkit.records import Model, Record
from cem_toolkit.roles import Component, Context
from cem_toolkit.run import Run, Stage
from cem_toolkit.secrets import redact
from cem_toolkit.storage.opening import open_store
from cem_toolkit.storage.urls import joined
from cem_toolkit.store import (
    INFO,
    Store,
    Within,
    content_key,
    copy_linked,
    is_whole,
    put_in_place,
    read_info,
    seal,
    write_json,
    write_records,
)

if TYPE_CHECKING:
    from cem_toolkit.cluster.portions import Portions

FORMAT = 1
"""Of the stages' files; part of every key."""

KEPT = ("seconds", "finished", "records", "figures")
"""What a reused stage's note has from the one that was worked out."""

Work = Callable[[Context], tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]]
"""Does a stage's work and returns records by file name, and figures worth keeping."""


class Unfinished(Exception):  # noqa: N818 (no error: a dry run ends so)
    """Raised by a dry run where the first stage that is not there yet would begin."""

    def __init__(self, round: int, name: str, key: str) -> None:
        super().__init__(f"round {round}: {name}")
        self.round, self.name, self.key = round, name, key


class Stages:
    """The stages of one run. With `run=None` nothing is written: what is there already is found, then `Unfinished`
    raised."""

    def __init__(
        self, config: Config, crew: Crew, plugins: Plugins, screen: Screen, config_folder: Path, run: Run | None
    ) -> None:
        self.config, self.crew, self.plugins, self.screen, self.run = config, crew, plugins, screen, run
        self.config_folder = config_folder
        self.cache = config.cache.expanduser()
        self.store = open_store(run.folder.parent if run else config.out, config.mirror, screen.log)
        self.guards = Guards(config.leaks, config_folder)
        self.seed = config.seed
        self.beside = ""
        self.name = run.name if run else "planned"
        self.portions: Portions | None = None
        self._told = set(run.ends) if run else set()

    def of_run(self, run: Run) -> Self:
        """The same stages, their results in `run`."""
        return self._changed(run=run, name=run.name, _told=set(run.ends))

    def with_seed(self, seed: int) -> Self:
        """The same stages under another seed."""
        return self._changed(seed=seed)

    def of_arm(self, name: str) -> Self:
        """The same stages, their results in the folder of the control arm `name`."""
        return self._changed(beside=f"arms/{name}/")

    def looking_only(self) -> Self:
        """The same stages as a dry run finds them in the run's own folder."""
        assert self.run  # noqa: S101 (there is nothing to look at else)
        return self._changed(run=None, store=Within(self.run.folder))

    def working_in(self, run: Run) -> Self:
        """The same stages, their results in `run`, and on this disk alone."""
        other = self.of_run(run)
        other.store = Store(run.folder.parent)
        return other

    def _changed(self, **values: Any) -> Self:
        other = copy.copy(self)
        vars(other).update(values)
        return other

    def context(self, component: Component, model: Model, number: int, folder: Path) -> Context:
        def count_tokens(texts: Sequence[str]) -> list[int]:
            return self.crew.trainer.count_tokens(texts, ctx)

        def generate(prompts: Sequence[str], max_tokens: int) -> list[str]:
            return self.crew.evaluator.generate(prompts, max_tokens, ctx)

        def score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
            return self.crew.evaluator.score(pairs, ctx)

        ctx = Context(
            model=model,
            folder=folder,
            cache=self.cache / "components" / component.name,
            round=number,
            seed=self.seed,
            chat_template=self.config.chat_template,
            config_folder=self.config_folder,
            progress=self.screen.progress,
            log=self.log,
            count_tokens=count_tokens,
            generate=generate,
            score=score,
            tuned=self.crew.trainer.leaves(),
            indexes=joined(self.config.indexes, component.name) if self.config.indexes else "",
        )
        return ctx

    def without_model(self, component: Component, folder: Path) -> Context:
        """For work that asks no model, on a machine where there may be none."""
        none = Model(name=self.config.model, path=Path(self.config.model), fingerprint="")
        return self.context(component, none, 0, folder)

    def log(self, message: str) -> None:
        self.screen.log(f"  {message}")
        if self.run:
            self.run.record("log", message=message)

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tells every observer, whatever one of them does."""
        for plugin, result in self.plugins.call_each(hook, run=self.run, **arguments):
            if isinstance(result, BaseException):
                self.log(f"plugin {plugin} failed in {hook}: {one_line(result)}")

    def perform(
        self, number: int, name: str, component: Component | None, model: Model, inputs: Mapping[str, Any], work: Work
    ) -> Stage:
        """The finished stage, worked out or reused.

        `component` is None for the core's own stages; `inputs` are whatever the result depends on besides the
        component, JSON-safe. Raises Unfinished in a dry run, and whatever the component raises.
        """
        described = self._describe(component, model, number)
        key = content_key(format=FORMAT, stage=name.partition("/")[0], component=described, inputs=inputs)
        name = self.beside + name
        info = {"stage": name, "round": number, "key": key, **described, "inputs": dict(inputs)}
        if self.run is None:
            found = self.store.find(key)
            if found is None:
                raise Unfinished(number, name, key)
            return Stage(number, name, found, read_info(found) or {})
        place = self.run.round(number).folder / name
        there = self.store.holds(place, key)
        if not there:
            self._make(Stage(number, name, place, info), component, model, work)
        _remove_leftovers(place)
        stage = Stage(number, name, place, read_info(place) or {})
        self.finished(stage, there)
        self.store.keep(self.run.folder / "events.jsonl")
        return stage

    def finished(self, stage: Stage, before: bool) -> None:
        """Tells that a stage is there, and notes it: each end of a stage once, however often the run is resumed.
        `before`: it was there already."""
        if not self.run:
            return
        mark = (stage.round, stage.name, stage.key)
        if not before or mark not in self._told:
            self._told.add(mark)
            details = {"key": stage.key, "reused": stage.reused, "seconds": stage.seconds}
            self.run.record("stage_finished", round=stage.round, stage=stage.name, **details)
        self.notify("cem_stage_finished", stage=stage)

    def _make(self, stage: Stage, component: Component | None, model: Model, work: Work) -> None:
        """While one process does a stage, others that need it too, of this run or another, wait and then reuse it."""
        place, key = stage.folder, stage.key
        place.parent.mkdir(parents=True, exist_ok=True)
        with self.store.claimed(key, lambda: self.log(f"{stage.name}: waits for another process that does the same")):
            if is_whole(place, key):  # now
                return
            if is_whole(_partial(place), key):  # a process that was killed came as far as that
                put_in_place(_partial(place), place)
            elif found := self.store.find(key):
                self._reuse(found, place, dict(stage.info))
            else:
                self._work(stage, component, model, work)
            self.store.publish(key, place)

    def _describe(self, component: Component | None, model: Model, number: int) -> dict[str, Any]:
        if component is None:
            return {"component": "core", "version": str(FORMAT)}
        ctx = self.context(component, model, number, Path())
        return {
            "component": component.name,
            "version": component.version,
            "options": redact(component.options.model_dump(mode="json")),
            "fingerprint": component.fingerprint(ctx),
            "seed": self.seed,
        }

    def _reuse(self, found: Path, place: Path, info: dict[str, Any]) -> None:
        assert self.run  # noqa: S101 (perform has seen to it)
        beside = _copy(place)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        copy_linked(found, beside)
        noted = read_info(found) or {}
        origin = found.relative_to(self.run.folder.parent.resolve()).as_posix()
        kept: dict[str, Any] = {name: noted[name] for name in KEPT if name in noted}
        seal(beside, {**info, **kept, "reused_from": origin}, place)
        self.screen.log(f"round {info['round']}: {info['stage']} reused from {origin}")

    def _work(self, stage: Stage, component: Component | None, model: Model, work: Work) -> None:
        assert self.run  # noqa: S101 (perform has seen to it)
        self.screen.log(f"round {stage.round}: {stage.name}")
        self.run.record("stage_started", round=stage.round, stage=stage.name, key=stage.key)
        self.notify("cem_stage_started", stage=stage)
        folder = _begin(stage.folder, stage.key)
        ctx = self.context(component or self.crew.mixer, model, stage.round, folder)
        ctx.cache.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        try:
            files, figures = work(ctx)
            counts = {file: write_records(folder / file, records) for file, records in files.items()}
        except BaseException as error:
            self.notify("cem_stage_failed", stage=stage, error=error)
            with contextlib.suppress(OSError):  # on a full disk the first error is the one to tell
                self.run.record("stage_failed", round=stage.round, stage=stage.name, error=one_line(error))
            raise
        info = {
            **stage.info,
            "seconds": round(time.monotonic() - started, 3),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "records": counts,
            "figures": redact(dict(figures)),
        }
        (folder / INFO).unlink()
        seal(folder, info, stage.folder)


def _partial(place: Path) -> Path:
    """The folder to work in, beside `place`."""
    return place.with_name(place.name + ".partial")


def _begin(place: Path, key: str) -> Path:
    """Makes the folder to work in. What an interrupted try of the same key left there is kept."""
    folder = _partial(place)
    if folder.is_dir() and _key_of(folder) != key:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / INFO, {"key": key})  # without "files", so nobody takes it for a finished stage
    return folder


def _key_of(folder: Path) -> str | None:
    try:
        return str(parse_json((folder / INFO).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _copy(place: Path) -> Path:
    """The folder that a finished stage is copied to, beside `place`."""
    return place.with_name(place.name + ".copy")


def _remove_leftovers(place: Path) -> None:
    """Of a try that was killed: another way than it was going may have led to `place`."""
    for folder in (_partial(place), _copy(place)):
        if folder.exists():
            shutil.rmtree(folder)
