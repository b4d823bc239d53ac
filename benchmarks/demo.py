"""What does the demo do? The figures of the README: one round on the embedded model, beside random passages.

    python benchmarks/demo.py [--seeds 1] [--token-budget 4000] [--run RUN] [--runs FOLDER] [--out FILE.json]

Runs what `make demo` runs, about ten minutes on two cores and three more for every further seed, or takes the finished
RUN of that kind. Writes what `cem-toolkit show --json` says of it, without this machine's paths, with versions, and
prints the README's table.
"""

import argparse
import json
from pathlib import Path

from cem_toolkit import evolve, find_run
from cem_toolkit.cli.summary_tables import print_summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="repeat the round with so many seeds")
    parser.add_argument("--token-budget", type=int, help="of a pass over the training set (default: the demo's)")
    parser.add_argument("--run", help="a finished run: its name, or `latest`")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "demo.json")
    given = parser.parse_args()
    if given.run:
        run = find_run(given.run, given.runs)
    else:
        budget = {"mixer": {"token_budget": given.token_budget}} if given.token_budget else {}
        run = evolve(plugins=["factbook", "trl"], arms=["random"], seeds=given.seeds, out=given.runs, **budget)
    plan, summary = run.plan, run.summary()
    machine = {name: plan["machine"][name] for name in ("processor", "cores")}
    summary |= {"folder": f"runs/{run.name}", "model": Path(summary["model"]).name}
    result = {"components": plan["components"], "versions": plan["versions"], "machine": machine, "summary": summary}
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_summary(summary)


if __name__ == "__main__":
    main()
