"""Where a run comes from: configuration, versions, machine, fingerprints, and the command that makes it again."""

import shlex
from typing import Any

import yaml

from cem_toolkit.report.facts import Facts
from cem_toolkit.report.words import homeless


def origin(facts: Facts) -> dict[str, Any]:
    plan = facts.run.plan
    models = [("starting model", str(plan.get("model_fingerprint", "")))]
    models += [(f"round {turn.number}", str(turn.data.get("model", {}).get("after", ""))) for turn in facts.turns]
    machine = {name: value for name, value in (plan.get("machine") or {}).items() if name != "disk_free_bytes"}
    return {
        "command": homeless(shlex.join(str(part) for part in plan.get("command") or [])),
        "again": f"cem-toolkit evolve --config {shlex.quote(facts.run.name)}/config.yaml",
        "config": homeless(yaml.safe_dump(facts.run.config, sort_keys=False, allow_unicode=True)),
        "versions": [(str(name), str(version)) for name, version in (plan.get("versions") or {}).items()],
        "plugins": [(str(name), str(version)) for name, version in (plan.get("plugins") or {}).items()],
        "components": [
            (str(place), str(part.get("name", "")), str(part.get("version", "")))
            for place, part in (plan.get("components") or {}).items()
        ],
        "machine": [(str(name), str(value)) for name, value in machine.items()],
        "models": [(name, mark) for name, mark in models if mark],
        "seed": facts.summary["seed"],
    }


def model_name(facts: Facts) -> str:
    """The starting model's name without the folders that it lies in; a hub id stays whole."""
    name = str(facts.summary["model"])
    return name if is_hub_id(name) else name.rstrip("/").rpartition("/")[2]


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form of a hub id, "owner/model"."""
    owner, slash, model = name.partition("/")
    plain = all(part and part[0] not in ".~" and "/" not in part for part in (owner, model))
    return bool(slash) and plain and not name.endswith((".gguf", ".safetensors"))
