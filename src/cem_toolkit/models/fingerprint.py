"""What tells one model from another: its weights, not its name."""

import hashlib
from pathlib import Path

from cem_toolkit.files import file_hash

MATTERS = (".safetensors", ".json", ".jinja", ".model", ".txt")
"""Endings of the files that decide what a model answers: weights, configuration, tokenizer, chat template."""


def fingerprint(folder: Path, adapter: Path | None = None) -> str:
    """16 hexadecimal digits over every file of the model (and of its adapter) that matters."""
    digest = hashlib.sha256()
    for root in (folder, adapter):
        if root is None:
            continue
        for path in sorted(root.iterdir()):
            if path.suffix in MATTERS and path.is_file():
                digest.update(f"{path.name}\0{file_hash(path)}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]
