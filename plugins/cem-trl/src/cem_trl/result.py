"""The trained model's folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

UNCHANGED_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "*.tiktoken",
    "chat_template*",
    "additional_chat_templates",
)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into beside `folder`, which it replaces when all went well."""
    beside = folder.with_name(folder.name + ".part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    yield beside
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def save_model(model: Any, start: Path, folder: Path, dtype: torch.dtype) -> None:
    """Writes the whole `model` with weights in `dtype`; configuration and tokenizer are those of the model in `start`.

    TRL fits the model's configuration to the tokenizer while it trains; that is not part of what was learned.
    """
    with whole_folder(folder) as part:
        model.to(dtype).save_pretrained(part)
        copy_unchanged(start, part)


def save_adapter(model: Any, folder: Path) -> None:
    """Writes the PEFT adapter of `model` alone."""
    with whole_folder(folder) as part:
        model.save_pretrained(part)
        (part / "README.md").unlink(missing_ok=True)  # a form for a model card, not filled in


def copy_unchanged(start: Path, folder: Path) -> None:
    """Copies the configuration and the tokenizer's files, with its chat templates, byte by byte."""
    for pattern in UNCHANGED_FILES:
        for source in sorted(start.glob(pattern)):
            if source.is_dir():
                shutil.copytree(source, folder / source.name, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, folder / source.name)
