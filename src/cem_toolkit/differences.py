"""What differs between runs in configuration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cem_toolkit.run import Run

NO_RESULT = frozenset(
    {
        *("out", "mirror", "indexes", "cache", "command", "config_folder"),
        *("machine.disk_free_bytes", "config_sha256", "checksum"),
    }
)
"""What says where a run lies or how it was typed, and nothing of what came out."""


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
    places = {place.partition(".")[0] for place in parts}
    config = {name: value for name, value in run.config.items() if name not in places}
    plan = {name: value for name, value in run.plan.items() if name not in ("components", "plugins")}
    plugins = {"distributions": run.plan.get("plugins", {})}
    found = {**dict(_flat(config)), **dict(_flat(plan)), **dict(_flat(plugins)), **parts}
    return {name: value for name, value in found.items() if name not in NO_RESULT}


def _flat(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            if isinstance(value, Mapping) and value:
                yield from _flat(value, f"{prefix}{name}.")
            elif not isinstance(value, Mapping):
                yield f"{prefix}{name}", value
