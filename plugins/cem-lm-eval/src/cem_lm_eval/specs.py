"""What the strings in a configuration's list of tasks mean."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cem_lm_eval.rows import READERS
from cem_toolkit.api import CemError


@dataclass(frozen=True)
class Spec:
    """One entry of the list of tasks: a question file, a task's YAML file, a folder of these, or a harness name."""

    kind: Literal["questions", "yaml", "folder", "harness"]
    name: str
    """The task's name for question files, else the entry as the user wrote it."""
    path: Path


def parse_tasks(tasks: Sequence[str], config_folder: Path) -> list[Spec]:
    """The meaning of each entry; relative paths start at `config_folder`.

    Raises CemError for a path where nothing is, a file of an unknown kind, and two question files of one name.
    """
    specs = [_parse(task, config_folder) for task in tasks]
    names = Counter(spec.name for spec in specs)
    for name, times in names.items():
        if times > 1:
            raise CemError(f"{times} tasks are named {name!r}; rename a file, since results go by the task's name")
    return specs


def _parse(task: str, config_folder: Path) -> Spec:
    path = (config_folder / Path(task).expanduser()).resolve()
    suffix = path.suffix.lower()
    if suffix in READERS:
        return Spec("questions", path.stem, path)
    if suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise CemError(f"task {task!r}: there is no file {path}; correct its path")
        return Spec("yaml", task, path)
    if path.is_dir() and ("/" in task or any(path.rglob("*.yaml"))):
        return Spec("folder", task, path)
    if path.is_file():
        raise CemError(f"task {task!r}: question files end in {', '.join(READERS)}, tasks of lm-eval in .yaml")
    if "/" in task:
        raise CemError(f"task {task!r}: there is no file or folder {path}; correct its path")
    return Spec("harness", task, path)
