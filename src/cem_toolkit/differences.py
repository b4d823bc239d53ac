"""What differs between runs in configuration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cem_toolkit.run import Run

ELSEWHERE = frozenset({"out", "mirror", "indexes", "cache", "executor", "ray"})
"""Of a configuration what says where a run lies and is worked on, and nothing of what comes out."""
_HOW = frozenset({"command", "config_folder", "machine.disk_free_bytes", "config_sha256", "checksum"})
"""The like in a plan."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same in all runs."""

    name: str
    """Dotted, such as `trainer.epochs`."""
    values: tuple[Any, ...]
    """JSON-safe, one a run; None where a run does not have it."""


def differences(runs: Sequence[Run]) -> Iterator[Difference]:
    """Settings, component and library versions, model fingerprints and machines that are not the same in all runs."""
    settings = [_settings(run) for run in runs]
    for name in dict.fromkeys(name for each in settings for name in each):
        values = tuple(each.get(name) for each in settings)
        if any(value != values[0] for value in values):
            yield Difference(name, values)


def _settings(run: Run) -> dict[str, Any]:
    """Configuration by dotted name: components with all their options as plan.json has them, else as config.yaml."""
    components = run.plan.get("components")
    parts = {}
    for place, part in components.items() if isinstance(components, Mapping) else ():
        if isinstance(part, Mapping):
            parts[str(place)] = f"{part.get('name')} {part.get('version')}"
            parts.update(_flat(part.get("options", {}), f"{place}."))
    told = ELSEWHERE | {place.partition(".")[0] for place in parts}
    config = {name: value for name, value in run.config.items() if name not in told}
    plan = {name: value for name, value in run.plan.items() if name not in ("components", "plugins")}
    plugins = {"distributions": run.plan.get("plugins", {})}
    found = {**dict(_flat(config)), **dict(_flat(plan)), **dict(_flat(plugins)), **parts}
    return {name: value for name, value in found.items() if name not in _HOW}


def _flat(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            if isinstance(value, Mapping) and value:
                yield from _flat(value, f"{prefix}{name}.")
            elif not isinstance(value, Mapping):
                yield f"{prefix}{name}", value
