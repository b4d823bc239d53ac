"""The model card, as the Hugging Face Hub reads it."""

from typing import Any

from cem_toolkit.outcomes import GENERAL
from cem_toolkit.report.attribution import Origin, licences
from cem_toolkit.report.facts import Accuracy, Facts, Turn
from cem_toolkit.report.markdown import changes_table, escape, front_matter
from cem_toolkit.report.origin import is_hub_id, model_name
from cem_toolkit.report.verdict import judge
from cem_toolkit.report.words import homeless, label, listed, plural


def model_card(facts: Facts, origins: list[Origin], *, base: str = "", dataset: str = "") -> str:
    """A README for the model, as the Hugging Face Hub reads it.

    `base` and `dataset` are the starting model's and the training rows' names on the hub, where they are known.
    """
    turn, verdict = facts.focus, judge(facts)
    number = turn.number if turn else 0
    parts = [
        front_matter(_model_fields(facts, turn, base, dataset)),
        f"# {escape(facts.run.name)}" + (f", round {number}" if number else ""),
        f"{escape(model_name(facts))}, trained on from its own mistakes with "
        "cem-toolkit, by the method of [arXiv 2404.08707](https://arxiv.org/abs/2404.08707): evaluate, mine what went "
        "wrong, retrieve text about it, train, evaluate again."
        if turn
        else "No round of this run is finished: there is no new model yet.",
    ]
    if turn:
        rounds = listed([str(each.number) for each in facts.lineage])
        parts += [
            "## What it does, and whether to use it",
            f"**{verdict.question} {verdict.answer}** {escape(verdict.because)}",
            changes_table(turn),
            "Held-out questions and siblings never steered the training.",
            "## How it was made",
            _made(facts, turn, rounds),
            "## Limits",
            "\n".join(f"- {escape(sentence)}" for sentence in verdict.findings[-1].sentences),
        ]
    return "\n\n".join([*parts, "## Licence and attribution", licences(facts, origins)]) + "\n"


def _model_fields(facts: Facts, turn: Turn | None, base: str, dataset: str) -> dict[str, Any]:
    name = base or str(facts.summary["model"])
    fields: dict[str, Any] = {"base_model": name} if is_hub_id(name) else {}
    fields |= {
        "license": "other",
        "license_name": "terms-of-the-base-model-and-of-the-sources",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["cem-toolkit", "continual-learning"],
        "datasets": [dataset or f"{facts.run.name}-rows"],
    }
    results = _results(facts, turn) if turn else []
    return fields | ({"model-index": [{"name": facts.run.name, "results": results}]} if results else {})


def _results(facts: Facts, turn: Turn) -> list[dict[str, Any]]:
    """Accuracy on what never steered the training: held-out questions, siblings and general tasks."""
    row = dict(facts.accuracy).get(turn.number, {})
    tasks = listed([_short(task) for task in facts.run.config.get("tasks") or []])
    found = []
    for name, accuracy in row.items():
        if name in ("held_out", "siblings") or name.startswith(GENERAL):
            named = name.removeprefix(GENERAL) if name.startswith(GENERAL) else f"{tasks} ({label(name)})"
            found.append(_result(named, accuracy))
    return found


def _result(name: str, accuracy: Accuracy) -> dict[str, Any]:
    metric = {"type": "accuracy", "name": "accuracy", "value": round(accuracy.share, 4)}
    return {
        "task": {"type": "question-answering"},
        "dataset": {"name": f"{name}, {_size(accuracy)}", "type": name.partition(" ")[0]},
        "metrics": [metric],
    }


def _size(accuracy: Accuracy) -> str:
    if accuracy.estimate is None:
        return f"{accuracy.n} questions"
    return f"estimated from {accuracy.n} of {accuracy.total} questions"


def _made(facts: Facts, turn: Turn, rounds: str) -> str:
    stage = turn.record.stage("train")
    figures = stage.figures if stage else {}
    trainer = (facts.run.plan.get("components") or {}).get("trainer") or {}
    lines = [
        ("base model", escape(homeless(str(facts.summary["model"])))),
        (
            "fingerprints",
            f"`{facts.run.plan.get('model_fingerprint', '')}` → `{turn.data.get('model', {}).get('after', '')}`",
        ),
        ("rounds it came of", rounds),
        ("trainer", escape(f"{trainer.get('name', '')} {figures.get('method', '')}".strip())),
        ("training", escape(", ".join(_trained(figures)) or "no figures")),
        (
            "training set",
            f"{plural(sum((turn.get('rows') or {}).values()), 'row')}, {turn.get('tokens') or 0:,} tokens a pass; "
            "see `dataset-card.md`",
        ),
        ("seed", str(facts.summary["seed"])),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in lines)


def _trained(figures: Any) -> list[str]:
    names = ("epochs", "steps", "tokens", "precision", "device")
    return [
        f"{figures[name]:,} {name}" if isinstance(figures[name], int) else f"{name} {figures[name]}"
        for name in names
        if figures.get(name) is not None
    ]


def _short(task: Any) -> str:
    return str(task).rstrip("/").rpartition("/")[2].removesuffix(".jsonl")
