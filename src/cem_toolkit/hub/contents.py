"""The files that go to the hub: only those that are named here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cem_toolkit.errors import CemError
from cem_toolkit.hub.choosing import Choice
from cem_toolkit.models.resolve import HUB_FILES, check_folder
from cem_toolkit.parsing import parse_json
from cem_toolkit.report.attribution import attribution_list
from cem_toolkit.report.dataset_card import dataset_card
from cem_toolkit.report.model_card import model_card
from cem_toolkit.run import MISTAKES

NAMES = ("_name_or_path", "name_or_path", "base_model_name_or_path")
"""In which transformers and peft note where a model was loaded from: a path of this machine."""


@dataclass(frozen=True)
class Upload:
    """One repository's files, by their names there."""

    repo: str
    kind: str
    """"model" or "dataset"."""
    files: dict[str, Path | bytes]

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Names and bytes."""
        for name, content in self.files.items():
            yield name, len(content) if isinstance(content, bytes) else content.stat().st_size


def model_upload(choice: Choice, folder: Path, repo: str, dataset: str | None) -> Upload:
    """The model or adapter in `folder`, with its card and the attribution of what it was trained on.

    Raises CemError where it is not whole, or not in safetensors.
    """
    check_folder(folder)
    files: dict[str, Path | bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and any(path.match(pattern) for pattern in HUB_FILES):
            files[path.name] = _renamed(path, choice.base) or path
    card = model_card(choice.facts, choice.origins, base=choice.base, dataset=dataset or "")
    return Upload(repo, "model", {**files, "README.md": card.encode(), "ATTRIBUTION.md": _attribution(choice)})


def dataset_upload(choice: Choice, repo: str) -> Upload:
    """Rows and mistakes of the rounds that made the model. Answers, what the leak guard dropped, plan and log stay."""
    files: dict[str, Path | bytes] = {}
    for turn in choice.facts.lineage:
        folder = turn.record.folder
        files[f"round-{turn.number}/rows.jsonl"] = folder / "mix" / "rows.jsonl"
        mistakes = next((folder / name for name in MISTAKES if (folder / name).is_file()), None)
        if mistakes:
            files[f"round-{turn.number}/mistakes.jsonl"] = mistakes
    card = dataset_card(choice.facts, choice.origins, published=True)
    return Upload(repo, "dataset", {**files, "README.md": card.encode(), "ATTRIBUTION.md": _attribution(choice)})


def _attribution(choice: Choice) -> bytes:
    return "".join(attribution_list(choice.facts, choice.origins)).encode("utf-8", "replace")


def _renamed(path: Path, base: str) -> bytes | None:
    """A configuration in which the model's origin is its name on the hub; None where nothing was to be changed."""
    if not path.name.endswith("config.json"):
        return None
    try:
        values: Any = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CemError(f"{path}: is not JSON: {error}") from None
    changed = [name for name in NAMES if isinstance(values, dict) and values.get(name) not in (None, base)]
    if not changed:
        return None
    return json.dumps({**values, **dict.fromkeys(changed, base)}, indent=2, ensure_ascii=False).encode()
