"""Finding and loading lm-eval's tasks."""

import difflib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

from cem_lm_eval.question_task import build_task
from cem_lm_eval.questions import read_questions
from cem_lm_eval.quiet import quiet
from cem_lm_eval.specs import Spec
from cem_toolkit.api import CemError


class Library:
    """The tasks that `specs` name. Names are looked up at once; datasets are loaded when they are first needed."""

    def __init__(self, specs: Sequence[Spec]) -> None:
        self.specs = tuple(specs)
        self._loaded: dict[Spec, list[ConfigurableTask]] = {}

    def check(self) -> None:
        """Raises CemError for a name that lm-eval does not know, with those nearest to it, and for unusable YAML."""
        for spec in self.specs:
            if spec.kind != "questions":
                self._names(spec)

    @cached_property
    def tasks(self) -> dict[str, ConfigurableTask]:
        """Every leaf task by name, in the order of `specs`. Raises CemError as `load` does, and where names clash."""
        tasks: dict[str, ConfigurableTask] = {}
        files = {spec.name: spec.path for spec in self.specs if spec.kind == "questions"}
        for spec in self.specs:
            for task in self.load(spec):
                name = task.task_name
                if name in files and name in tasks:
                    raise CemError(f"{files[name]} is named like the task {name!r}; rename the file")
                tasks[name] = task
        return tasks

    def load(self, spec: Spec) -> list[ConfigurableTask]:
        """The leaf tasks of one of `specs`, with their datasets; the same objects at every call.

        Raises CemError where a task cannot be built (above all where its dataset is out of reach) or is of a kind that
        gives no single answer per question.
        """
        if spec not in self._loaded:
            with quiet():
                self._loaded[spec] = self._build(spec)
        return self._loaded[spec]

    def _build(self, spec: Spec) -> list[ConfigurableTask]:
        if spec.kind == "questions":
            return [build_task(spec.name, read_questions(spec.path))]
        loaded: list[ConfigurableTask] = []
        for name in self._names(spec):
            try:
                loaded += self._manager.load([name])["tasks"].values()
            except Exception as error:  # a task is the user's or the Hub's: YAML, Python and data that may fail anyhow
                raise CemError(_why_not_built(spec, name, self._dataset(name), error)) from error
        for task in loaded:
            _refuse_unsupported(task)
        return loaded

    def _names(self, spec: Spec) -> list[str]:
        """What lm-eval's task manager is to load for `spec`: names it knows, or the path of a YAML file."""
        if spec.kind == "folder":
            return self._names_within(spec)
        if spec.kind == "yaml":
            config = _read_yaml(spec.path)
            if isinstance(config.get("task"), str):
                return [str(spec.path)]
            if isinstance(config.get("group"), str):  # known by name only
                return [config["group"]]
            raise CemError(f"{spec.path}: names no task; give it a line `task: some_name`")
        if spec.name not in self._manager.task_index:
            near = difflib.get_close_matches(spec.name, self._manager.all_tasks, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "`lm_eval ls tasks` lists them"
            raise CemError(f"there is no task {spec.name!r} in lm-eval; {hint}")
        return [spec.name]

    def _names_within(self, spec: Spec) -> list[str]:
        inside = [
            name
            for name in self._manager.all_subtasks
            if (path := self._manager.task_index[name].yaml_path) and path.is_relative_to(spec.path)
        ]
        if not inside:
            raise CemError(f"{spec.path}: no YAML file in this folder defines a task")
        return inside

    @cached_property
    def _manager(self) -> TaskManager:
        """Knows lm-eval's own tasks only where they are wanted, because going through their thousands takes seconds."""
        groups = [spec for spec in self.specs if spec.kind == "yaml" and "group" in _read_yaml(spec.path)]
        folders = [spec.path for spec in self.specs if spec.kind == "folder"] + [spec.path.parent for spec in groups]
        own = any(spec.kind == "harness" for spec in self.specs) or bool(groups)
        return _index(tuple(folders), own)

    def _dataset(self, name: str) -> str:
        entry = self._manager.task_index.get(name)
        config: dict[str, Any] = _read_yaml(Path(name)) if entry is None else entry.cfg or {}
        return str(config.get("dataset_path", ""))


@cache
def _index(folders: tuple[Path, ...], own: bool) -> TaskManager:
    with quiet():
        return TaskManager(include_path=list(folders), include_defaults=own)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        return load_yaml(path, resolve_func=False)  # type: ignore[no-any-return]
    except Exception as error:  # of the YAML parser, of files it includes, of lm-eval's own checks
        said = " ".join(str(error).split())
        raise CemError(f"{path}: not a task of lm-eval ({said})") from error


def _why_not_built(spec: Spec, name: str, dataset: str, error: Exception) -> str:
    said = (str(error).strip().splitlines() or [""])[0]
    if isinstance(error, OSError):
        which = f"its dataset {dataset!r}" if dataset else "its dataset"
        return (
            f"task {spec.name!r}: {which} could not be loaded ({said}); "
            "go online once so that it is kept on this machine, or name a task with local data files"
        )
    inside = "" if name == spec.name else f" ({name})"
    return f"task {spec.name!r}{inside}: lm-eval cannot build it ({type(error).__name__}: {said}); mend or leave it out"


def _refuse_unsupported(task: Any) -> None:
    name = task.task_name
    if not isinstance(task, ConfigurableTask):
        raise CemError(f"task {name!r}: written in Python against lm-eval's Task class; only YAML tasks can be used")
    if task.OUTPUT_TYPE == "loglikelihood_rolling":
        metrics = ", ".join(task.aggregation())
        raise CemError(f"task {name!r}: measures text ({metrics}) and asks no questions that are right or wrong")
    if getattr(task, "UNSAFE_CODE", False):
        raise CemError(f"task {name!r}: runs code that the model wrote, which this evaluator never does")
    if getattr(task, "MULTIMODAL", False):
        raise CemError(f"task {name!r}: shows images or plays sound; only text can be used")
    if task.OUTPUT_TYPE == "multiple_choice" and task.multiple_target:
        raise CemError(f"task {name!r}: several choices of a question may be right, which cannot be used")
