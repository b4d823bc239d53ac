"""A plan on paper for clusters: what a round of a 7B model on 8 GPUs and of a 70B model on 64 takes.

    python benchmarks/cluster_plan.py [--run RUNS/NAME] [--out FILE.json]

What a question and a mistake cost is taken from a real run (`--run`), else from the results file as it is; all else is
the arithmetic of cluster/plan.py, with the makers' figures of GPUs and assumed shares of what they reach. Writes
results/cluster_plan.json and prints the tables of docs/scaling.md, which a test holds to it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "cluster"))

from plan import Cluster, Model, Round, plan  # noqa: E402
from workload import workload  # noqa: E402

from cem_toolkit.machine import processor  # noqa: E402
from cem_toolkit.run import Run  # noqa: E402

RESULTS = HERE / "results" / "cluster_plan.json"
TURN = {"questions": 100_000, "mistakes": 30_000}
PLANS = {
    "7B on 8": (Model(parameters=7e9, layers=32, width=4096), Cluster(gpus=8), Round(**TURN)),
    "7B on 8, batches of 512": (
        Model(parameters=7e9, layers=32, width=4096),
        Cluster(gpus=8),
        Round(**TURN, batch_size=512),
    ),
    "70B on 64": (Model(parameters=70e9, layers=80, width=8192), Cluster(gpus=64), Round(**TURN)),
    "70B on 64, batches of 512": (
        Model(parameters=70e9, layers=80, width=8192),
        Cluster(gpus=64),
        Round(**TURN, batch_size=512),
    ),
}


def tables(report: dict[str, Any]) -> str:
    """As docs/scaling.md has them."""
    plans = report["plans"]
    names = list(plans)
    first = plans[names[0]]
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]

    def line(label: str, values: list[str]) -> None:
        lines.append(f"| {label} | " + " | ".join(values) + " |")

    for part in first["seconds"]:
        line(part, [_time(plans[name]["seconds"][part]) for name in names])
    line("**a round**", [f"**{_time(plans[name]['hours'] * 3600)}**" for name in names])
    line("steps of a training", [f"{plans[name]['steps']:,}" for name in names])
    line("dollars", [f"{plans[name]['dollars']:,}" for name in names])
    for part in first["memory_gb"]:
        line(f"GB on a GPU: {part}", [f"{plans[name]['memory_gb'][part]:,.1f}" for name in names])
    for part in first["storage_gb"]:
        line(f"GB stored: {part}", [f"{plans[name]['storage_gb'][part]:,.1f}" for name in names])
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main() -> None:
    parser = argparse.ArgumentParser(description="A plan on paper for clusters.")
    parser.add_argument("--run", type=Path, help="a finished run's folder, to take the costs from")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.run:
        measured = {"workload": workload(Run(arguments.run)), "machine": processor()}
    else:
        known = json.loads(RESULTS.read_text(encoding="utf-8"))
        measured = {name: known[name] for name in ("workload", "machine")}
    plans = {name: plan(*parts, measured["workload"]) for name, parts in PLANS.items()}
    report = {**measured, "plans": plans}
    arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(tables(report))


if __name__ == "__main__":
    main()
