"""What a run would do: which stages are there already, how much is to do, and roughly how long and large it gets."""

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cem_toolkit.checks import existing
from cem_toolkit.loop import go_rounds, stage_names
from cem_toolkit.records import Model
from cem_toolkit.stages import Stages, Unfinished
from cem_toolkit.store import read_info

FORWARD_TOKENS = 1000.0
TRAINING_TOKENS = 120.0
"""Tokens per second assumed for a model of 270 million parameters on two CPU cores, until a finished stage tells
better."""
GUESSED_TOKENS = 20_000
"""Of a round's training set, where the mixer has no budget."""
REFERENCE_BYTES = 536e6
"""The size on disk of that model."""
TRAINING_DISK = 7.0
"""A training stage's largest use of disk in sizes of the model: the result, and a checkpoint with AdamW's state in
fp32."""


@dataclass(frozen=True)
class PlannedStage:
    round: int
    name: str
    reused: bool
    seconds: float
    """Estimated; 0 for what is reused."""


@dataclass(frozen=True)
class Plan:
    """The answer of `--dry-run`."""

    model: str
    model_bytes: int
    questions: Mapping[str, int]
    """By task."""
    evaluation_tokens: int
    """Of one evaluation."""
    training_tokens: int | None
    """Of one round, at most; None where the mixer has no budget."""
    stages: tuple[PlannedStage, ...]
    seconds: float
    disk_bytes: int
    disk_free_bytes: int
    basis: str
    """What the estimate of time rests on."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(stages: Stages, model: Model | None) -> Plan:
    """Walks the loop over what is there already, and lists the rest. Loads no model.

    `model` is None where it is still to be downloaded or unpacked: then nothing can be reused, and tokens are guessed.
    """
    config, crew = stages.config, stages.crew
    named = Path(config.model).expanduser()
    there = model or Model(name=config.model, path=named, fingerprint="")
    ctx = stages.context(crew.evaluator, there, 0, stages.cache)
    if model is None:
        ctx = dataclasses.replace(ctx, count_tokens=guess_tokens)
    counted = dict(crew.evaluator.count_questions([*config.tasks, *config.general], ctx))
    evaluation_tokens = sum(tokens for _, tokens in counted.values())
    budget = getattr(crew.mixer.options, "token_budget", None)
    epochs = float(getattr(crew.trainer.options, "epochs", 1))

    every = list(stage_names(config, crew))
    first_missing = _first_missing(stages, model, every) if model else 0
    model_bytes = _size(there.path)
    questions = sum(number for number, _ in counted.values())
    assumed = REFERENCE_BYTES / max(model_bytes, 1)
    per_question, per_token, basis = _measured(stages)
    if min(config.retest.rest, config.retest.last) < 1:
        basis += "; a test of a part (retest) takes less than the full one that is reckoned with"
    work = {
        "evaluate": questions * per_question if per_question else evaluation_tokens / (FORWARD_TOKENS * assumed),
        "train": (budget or GUESSED_TOKENS) * epochs * (per_token or 1 / (TRAINING_TOKENS * assumed)),
    }
    planned = tuple(
        PlannedStage(
            number, name, index < first_missing, 0.0 if index < first_missing else round(work.get(_kind(name), 2.0), 1)
        )
        for index, (number, name) in enumerate(every)
    )
    trainings = sum(1 for stage in planned if _kind(stage.name) == "train" and not stage.reused)
    return Plan(
        model=config.model,
        model_bytes=model_bytes,
        questions={task: questions for task, (questions, _) in counted.items()},
        evaluation_tokens=evaluation_tokens,
        training_tokens=round(budget * epochs) if budget else None,
        stages=planned,
        seconds=round(sum(stage.seconds for stage in planned)),
        disk_bytes=round(model_bytes * (trainings + TRAINING_DISK - 1)) if trainings else 0,
        disk_free_bytes=shutil.disk_usage(existing(config.out)).free,
        basis=basis,
    )


def guess_tokens(texts: Sequence[str]) -> list[int]:
    """Lengths in tokens where no tokenizer is at hand: four bytes to a token."""
    return [len(text.encode("utf-8", "surrogatepass")) // 4 + 1 for text in texts]


def _first_missing(stages: Stages, model: Model, every: Sequence[tuple[int, str]]) -> int:
    try:
        go_rounds(stages, model)
    except Unfinished as missing:
        return every.index((missing.round, missing.name))
    return len(every)


def _kind(name: str) -> str:
    """`train` of `arms/random/train`."""
    return name.split("/")[2] if name.startswith("arms/") else name.partition("/")[0]


def _size(path: Path) -> int:
    """Bytes of weights; of a quantized file about what they will be when unpacked."""
    if path.is_file():
        return path.stat().st_size * 2
    return sum(file.stat().st_size for file in path.glob("*.safetensors"))


def _measured(stages: Stages) -> tuple[float | None, float | None, str]:
    """Seconds per question and per trained token in the newest stages that these components finished here."""
    found: dict[str, float] = {}
    for name, component, amount in (
        ("evaluate", stages.crew.evaluator, "questions"),
        ("train", stages.crew.trainer, "tokens"),
    ):
        for info in _finished(stages.config.out, name):
            done, seconds = info.get("figures", {}).get(amount), info.get("seconds")
            if info.get("component") == component.name and done and seconds:
                found[name] = seconds / done
                break
    basis = (
        "what earlier runs here took"
        if found
        else "assumed rates, scaled by the model's size: rough until a run has finished here"
    )
    return found.get("evaluate"), found.get("train"), basis


def _finished(out: Path, name: str) -> list[dict[str, Any]]:
    folders = sorted(out.glob(f"*/round-*/{name}"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [info for folder in folders[:20] if (info := read_info(folder))]
