"""Hashes of what decides an evaluation besides the model: questions, task definitions, earlier logs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_toolkit.api import CemError

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask


def hash_files(paths: Iterable[Path]) -> str:
    """The SHA-256 of the files' contents, in the order of their names and wherever they lie."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise CemError(f"{path}: cannot be read ({error.strerror or error}); check its path") from error
        digest.update(content)
    return digest.hexdigest()


def hash_task(task: "ConfigurableTask", training: "ConfigurableTask | None" = None) -> str:
    """The SHA-256 of a task's configuration, of the functions in it, and of all its documents and few-shot examples.

    `training` is the task's own training part, where that is asked too.
    """
    digest = hashlib.sha256()
    config: dict[str, Any] = task.dump_config()
    config.pop("metadata", None)  # says where the file lies
    for key in ("num_fewshot", "generation_kwargs"):  # options change these, and are part of the key anyway
        config.pop(key, None)
    _update(digest, config)
    for docs in (task.eval_docs, task.fewshot_docs() or (), training.eval_docs if training else ()):
        for doc in docs:
            _update(digest, doc)
    return digest.hexdigest()


def hash_code(path: Path) -> str:
    """The SHA-256 of the Python files beside the task file `path`, or anywhere in the folder `path`: what a task's
    functions call is not in its configuration."""
    return hash_files(path.rglob("*.py") if path.is_dir() else path.parent.glob("*.py"))


def _update(digest: "hashlib._Hash", value: Mapping[str, Any]) -> None:
    digest.update(json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
