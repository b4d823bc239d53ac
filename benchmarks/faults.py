"""What a run survives: `make faults`.

    python benchmarks/faults.py [--only FAMILY[,FAMILY]] [--short] [--seed 0] [--out FILE.json]

Makes faults of many kinds befall real runs of a tiny model, and checks that the results are those of undisturbed ones.
Prints what was tried, survived and lost, exits with 1 where anything was lost, and writes results/faults.json. With
--only, what that file tells of other families stays.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "faults"))

from outcome import Outcome  # noqa: E402

FAMILIES = ("self_check", "kill", "signals", "two", "damage", "disk", "handles", "clock", "memory", "network", "fuzz")
"""Modules of `faults`, in this order, as far as they are there."""
VERSIONS = ("cem-toolkit", "lm-eval", "transformers", "torch", "trl")


def run(families: Sequence[str], seed: int, short: bool, folder: Path) -> dict[str, Any]:
    """The report."""
    from cem_toolkit.machine import processor

    report: dict[str, Any] = {
        "machine": {"system": platform.platform(), "processor": processor(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}},
        "families": {},
    }
    for name in families:
        module = importlib.import_module(name)
        began = time.monotonic()
        try:
            outcomes = list(module.run(seed, short, folder, _say))
        except Exception as error:  # the other families are told of all the same
            traceback.print_exc()
            outcomes = [Outcome(module.NAME, "all", 1, 0, 1, f"the check itself failed: {error!r}"[:300])]
        report["families"][module.NAME] = {
            **_sum(outcomes),
            "seed": seed,
            "short": short,
            "seconds": round(time.monotonic() - began, 1),
            "faults": [asdict(outcome) for outcome in outcomes],
        }
    return report


def with_others(report: dict[str, Any], file: Path | None) -> dict[str, Any]:
    """The report with the families of an earlier one that were not tried again, and the sum of all."""
    earlier = json.loads(file.read_text(encoding="utf-8"))["families"] if file and file.exists() else {}
    every = {**earlier, **report["families"]}
    order = [name.replace("_", "-") for name in FAMILIES]
    report["families"] = {name: every[name] for name in sorted(every, key=order.index)}
    report["all"] = _sum([Outcome(**each) for family in every.values() for each in family["faults"]])
    return report


def _sum(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {name: sum(getattr(each, name) for each in outcomes) for name in ("tried", "survived", "lost")}


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def table(report: dict[str, Any]) -> str:
    """Of each family, and of each fault that was lost or could not be tried; as in docs/faults.md."""
    rows: list[tuple[str, ...]] = [("faults", "tried", "survived", "lost", "seconds")]
    for name, family in report["families"].items():
        rows.append((name, *(f"{family[key]:,}" for key in ("tried", "survived", "lost")), f"{family['seconds']:,.0f}"))
    rows.append(("all", *(f"{report['all'][key]:,}" for key in ("tried", "survived", "lost")), ""))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---|--:|--:|--:|--:|", *lines[1:]])


def notes(report: dict[str, Any]) -> list[str]:
    """A line for each fault that was lost or not tried."""
    faults = [fault for family in report["families"].values() for fault in family["faults"]]
    lost = [f"LOST {fault['family']}: {fault['fault']}: {fault['note']}" for fault in faults if fault["lost"]]
    return lost + [
        f"not tried {fault['family']}: {fault['fault']}: {fault['note']}" for fault in faults if not fault["tried"]
    ]


def main() -> None:
    there = [name for name in FAMILIES if (HERE / "faults" / f"{name}.py").exists()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"comma-separated: {', '.join(there)}")
    parser.add_argument("--short", action="store_true", help="a few of each kind, in well under a minute a family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="an empty folder to work in, which is kept")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "faults.json")
    given = parser.parse_args()
    chosen = given.only.replace("-", "_").split(",") if given.only else there
    if unknown := set(chosen) - set(there):
        parser.error(f"no family {', '.join(sorted(unknown))}: there are {', '.join(there)}")
    with tempfile.TemporaryDirectory(prefix="cem-faults-") as temporary:
        report = run(chosen, given.seed, given.short, (given.work or Path(temporary)).resolve())
    lost = any(family["lost"] for family in report["families"].values())
    report = with_others(report, given.out if given.only else None)
    print(table(report))
    print("\n".join(notes(report)))
    given.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
