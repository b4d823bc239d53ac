"""What does learning from mistakes fix and break, and which part of the recipe does it? Arms side by side.

    python benchmarks/learning/study.py [--set factbook] [--set FILE.jsonl …] [--arms small] [--seeds 1]
        [--budget 5600] [--runs runs/study] [--out benchmarks/results/learning.json]

Every arm is a run of `cem-toolkit evolve` with one change to its configuration, on the same questions, passages and
number of tokens a pass; `random passages` train the same recipe on passages about something else. A set is
`factbook` (the embedded preset's questions, looked up in Wikipedia), `factbook, own pages` (the same, looked up in the
Factbook's own entries, which tell what is asked) or a file with `question`, `choices` and `answer` a line. Results are
written after every run, and finished stages are reused, so a study that was stopped goes on. Prints its tables;
results.py puts them and their pictures into docs/.
"""

import argparse
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arms import ARMS, OWN_PAGES, RANDOM, SMALL
from tally import Tally, table

from cem_toolkit import evolve
from cem_toolkit.run import Run

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", dest="sets", help="one of these; repeatable")
    parser.add_argument("--arms", default="small", help="small, all, or names separated by commas")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=int, default=5600, help="tokens of one pass over the training set")
    parser.add_argument("--runs", type=Path, default=Path("runs/study"))
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "learning.json")
    given = parser.parse_args()
    tallies: dict[tuple[str, str], Tally] = {}
    for seed in range(given.seeds):
        for name in given.sets or SMALL:
            label = Path(name).stem
            for arm in arms_of(name, given.arms):
                run = evolve(**configuration(name, arm, seed, given.budget, given.runs))
                tallies.setdefault((label, arm), Tally()).add(run, None)
                if arm in RANDOM:
                    tallies.setdefault((label, RANDOM[arm]), Tally()).add(run, "random")
                told = json.dumps(result(tallies, run, given.budget), indent=1).replace(f"{given.runs.resolve()}/", "")
                given.out.write_text(told + "\n", encoding="utf-8")
    print(table(json.loads(given.out.read_text(encoding="utf-8"))["sets"]))


def arms_of(name: str, wanted: str) -> tuple[str, ...]:
    """The arms that `--arms` names for a set."""
    if wanted == "small":
        return SMALL.get(name, ("defaults",))
    return tuple(ARMS) if wanted == "all" else tuple(wanted.split(","))


def configuration(name: str, arm: str, seed: int, budget: int, runs: Path) -> dict[str, Any]:
    """What `evolve` is given for an arm on a set."""
    overlay: dict[str, Any] = {section: dict(values) for section, values in ARMS[arm].items()}
    overlay["mixer"] = {"token_budget": budget, **overlay.get("mixer", {})}
    if name not in SMALL:
        overlay["tasks"] = [name]
    overlay |= {"arms": ["random"]} if arm in RANDOM else {}
    source = "factbook" if name == OWN_PAGES else "wiki"
    return {"preset": "embedded", "plugins": [source, "trl"], "seed": seed, "out": runs, **overlay}


def result(tallies: Mapping[tuple[str, str], Tally], run: Run, budget: int) -> dict[str, Any]:
    """JSON-safe, with what made it."""
    sets: dict[str, dict[str, Any]] = {}
    for (name, arm), tally in tallies.items():
        sets.setdefault(name, {})[arm] = tally.to_json()
    plan = run.plan
    device = run.rounds[0].stage("train")
    return {
        "settings": {"token_budget": budget, "arms": {name: dict(overlay) for name, overlay in ARMS.items()}},
        "machine": {name: plan["machine"][name] for name in ("processor", "cores")} | {"system": platform.system()},
        "device": device.figures["device"] if device else None,
        "components": plan["components"],
        "versions": plan["versions"],
        "sets": sets,
    }


if __name__ == "__main__":
    main()
