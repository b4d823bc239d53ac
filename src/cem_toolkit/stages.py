"""Performs one stage: reuses a finished one of the same key, else lets the component work and seals what it wrote."""

import contextlib
import copy
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from cem_toolkit.config import Config, Crew
from cem_toolkit.console import Screen
from cem_toolkit.guards import Guards
from cem_toolkit.plugins import Plugins, one_line
from cem_toolkit.records import Model, Record
from cem_toolkit.roles import Component, Context
from cem_toolkit.run import Run, Stage
from cem_toolkit.storage.opening import open_store
from cem_toolkit.storage.urls import joined
from cem_toolkit.store import (
    INFO,
    content_key,
    copy_linked,
    read_info,
    seal,
    write_json,
    write_records,
)

FORMAT = 1
"""Of the stages' files; part of every key."""

Work = Callable[[Context], tuple[Mapping[str, Iterable[Record]], Mapping[str, Any]]]
"""Does a stage's work and returns records by file name, and figures worth keeping."""


class Unfinished(Exception):  # noqa: N818 (no error: a dry run ends so)
    """Raised by a dry run where the first stage that is not there yet would begin."""

    def __init__(self, round: int, name: str) -> None:
        super().__init__(f"round {round}: {name}")
        self.round, self.name = round, name


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

    def of_run(self, run: Run) -> Self:
        """The same stages, to be written into the run's folder."""
        return self._changed(run=run)

    def with_seed(self, seed: int) -> Self:
        """The same stages under another seed."""
        return self._changed(seed=seed)

    def of_arm(self, name: str) -> Self:
        """The same stages, their results in the folder of the control arm `name`."""
        return self._changed(beside=f"arms/{name}/")

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
            indexes=joined(self.config.indexes, component.name) if self.config.indexes else "",
        )
        return ctx

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
                raise Unfinished(number, name)
            return Stage(number, name, found, read_info(found) or {})
        place = self.run.round(number).folder / name
        if not self.store.holds(place, key):
            place.parent.mkdir(parents=True, exist_ok=True)
            found = self.store.find(key)
            if found:
                self._reuse(found, place, info)
            else:
                self._work(Stage(number, name, place, info), component, model, work)
            self.store.publish(key, place)
        stage = Stage(number, name, place, read_info(place) or {})
        self.run.record("stage_finished", round=number, stage=name, key=key, reused=stage.reused, seconds=stage.seconds)
        self.notify("cem_stage_finished", stage=stage)
        self.store.keep(self.run.folder / "events.jsonl")
        return stage

    def _describe(self, component: Component | None, model: Model, number: int) -> dict[str, Any]:
        if component is None:
            return {"component": "core", "version": str(FORMAT)}
        ctx = self.context(component, model, number, Path())
        return {
            "component": component.name,
            "version": component.version,
            "options": component.options.model_dump(mode="json"),
            "fingerprint": component.fingerprint(ctx),
            "seed": self.seed,
        }

    def _reuse(self, found: Path, place: Path, info: dict[str, Any]) -> None:
        assert self.run  # noqa: S101 (perform has seen to it)
        beside = _fresh(place)
        copy_linked(found, beside)
        noted = read_info(found) or {}
        origin = found.relative_to(self.run.folder.parent.resolve()).as_posix()
        kept: dict[str, Any] = {name: noted[name] for name in ("seconds", "figures", "finished") if name in noted}
        seal(beside, {**info, **kept, "reused_from": origin}, place)
        self.screen.log(f"round {info['round']}: {info['stage']} reused from {origin}")

    def _work(self, stage: Stage, component: Component | None, model: Model, work: Work) -> None:
        assert self.run  # noqa: S101 (perform has seen to it)
        self.screen.log(f"round {stage.round}: {stage.name}")
        self.run.record("stage_started", round=stage.round, stage=stage.name, key=stage.key)
        self.notify("cem_stage_started", stage=stage)
        folder = _partial(stage.folder, stage.key)
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
            "figures": dict(figures),
        }
        (folder / INFO).unlink()
        seal(folder, info, stage.folder)


def _partial(place: Path, key: str) -> Path:
    """The folder to work in, beside `place`. What an interrupted try of the same key left there is kept."""
    folder = place.with_name(place.name + ".partial")
    if folder.is_dir() and _key_of(folder) != key:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / INFO, {"key": key})  # without "files", so nobody takes it for a finished stage
    return folder


def _key_of(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / INFO).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fresh(place: Path) -> Path:
    folder = place.with_name(place.name + ".copy")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
