"""The CEM paper's setting (arXiv 2404.08707): which rows fix and break how many questions of Xiezhi?

    python examples/reproduce-cem/reproduce.py --questions FILE [--model Qwen/Qwen1.5-7B-Chat] [--arms N,N+E,N+E+R]
        [--sources wiki] [--limit 600] [--letters] [--seed 0] [--runs runs/reproduce-cem] [--out FILE.json] [--dry-run]

Every arm is a run of `cem-toolkit evolve` with the configuration cem.yaml, and small.yaml over it where no model is
named, without the kinds of rows that the arm does not have. Finished stages are reused, so a study that was stopped
goes on when it is started again. Results are written after every run, and shown beside the published ones.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tables import comparison, tally
from xiezhi import Questions, read_xiezhi, write_task

from cem_toolkit import CemError, Run, evolve, plan
from cem_toolkit.config import merge, read_yaml, set_value
from cem_toolkit.plugins import discover
from cem_toolkit.run import Arm, Round

HERE = Path(__file__).parent
ARMS = {"N": ("extractive", "review"), "N+E": ("review",), "N+E+R": ()}
"""The kinds of rows that each leaves out: normative alone, with extractive, with review."""
SOURCES = {"wiki": ("wiki",), "web": ("search",), "mix": ("wiki", "search")}
"""The knowledge sources of each."""


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    try:
        _run(given)
    except CemError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True, help="a file of Xiezhi, as published or plain JSONL")
    parser.add_argument("--model", help="a hub id or a folder (default: the embedded preset's, and small.yaml)")
    parser.add_argument("--arms", default=",".join(ARMS), help=f"of {', '.join(ARMS)}")
    parser.add_argument("--sources", default="wiki", help=f"of {', '.join(SOURCES)}")
    parser.add_argument("--limit", type=_positive, help="so many questions, drawn from the whole file")
    parser.add_argument("--letters", action="store_true", help="show the choices and ask for a letter, as the paper")
    parser.add_argument("--skip-bad", action="store_true", help="leave out unusable lines instead of stopping")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="over the configuration")
    parser.add_argument("--runs", type=Path, default=Path("runs/reproduce-cem"))
    parser.add_argument("--out", type=Path, help="the results (default: results.json among the runs)")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _run(given: argparse.Namespace) -> None:
    arms, sources = _chosen(given.arms, ARMS, "arm"), _chosen(given.sources, SOURCES, "source")
    check_sources(sources, discover().names("source"))
    every = read_xiezhi(given.questions, given.skip_bad)
    questions = every.drawn(given.limit)
    task = write_task(questions, given.runs, given.letters)
    shared = {"tasks": [str(task.resolve())], "seed": given.seed, "out": str(given.runs.resolve())}
    counted: list[dict[str, Any]] = []
    for source in sources:
        for arm in arms:
            values = configuration(arm, source, given.model, given.set) | shared
            if given.dry_run:
                planned = plan(**values)
                waiting = [stage.name for stage in planned.stages if not stage.reused]
                print(f"{source}, {arm}: about {planned.seconds / 60:.0f} minutes for {len(waiting)} stages")
                continue
            run = evolve(**values)
            counted += [entry(run, trained, arm, source) for trained in (run.rounds[0], *run.rounds[0].arms)]
            results = _results(run, counted, given, every, questions)
            out = given.out or given.runs / "results.json"
            out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if counted:
        print(comparison(results))
    else:
        print("what comes before training is done once for all arms of a source, and counted with each here")


def _chosen(names: str, known: Mapping[str, Any], what: str) -> list[str]:
    chosen = [name.strip() for name in names.split(",")]
    if unknown := [name for name in chosen if name not in known]:
        raise CemError(f"unknown {what} {unknown[0]!r}; there are {', '.join(known)}")
    return chosen


def check_sources(sources: Sequence[str], installed: Sequence[str]) -> None:
    """Raises CemError where a knowledge source is asked for that is not installed."""
    for source in sources:
        for plugin in SOURCES[source]:
            if plugin not in installed:
                raise CemError(
                    f"source {source!r} needs the knowledge source {plugin!r}, which is not installed: "
                    f"pip install cem-{plugin}"
                )


def configuration(arm: str, source: str, model: str | None, changes: Sequence[str] = ()) -> dict[str, Any]:
    """What `evolve` is given for an arm, but for its questions and places."""
    values = read_yaml(HERE / "cem.yaml")
    if model is None:
        values = merge(values, {"preset": "embedded", **read_yaml(HERE / "small.yaml")})
    else:
        values["model"] = model
    for change in changes:
        set_value(values, change)
    values["plugins"] = [*SOURCES[source], "trl"]
    values["sources"] = {name: options for name, options in values["sources"].items() if name in SOURCES[source]}
    return merge(values, {"mixer": {"shares": dict.fromkeys(ARMS[arm], 0.0)}})


def entry(run: Run, trained: Arm, arm: str, source: str) -> dict[str, Any]:
    """What became of the questions in an arm's run, or by what was trained beside it."""
    own = {question for row in trained.rows for question in row.own_pairs}
    train = trained.stage("train")
    return {
        "source": source,
        "rows": arm,
        "control": None if isinstance(trained, Round) else trained.name,
        "kinds": dict(Counter(row.kind for row in trained.rows)),
        "training": {name: train.figures.get(name) for name in ("tokens", "steps", "device")} if train else {},
        "seconds": round(train.seconds, 1) if train else None,
        "sets": tally(run.start.answers, trained.answers, own),
    }


def _results(
    run: Run, arms: Sequence[Mapping[str, Any]], given: argparse.Namespace, every: Questions, questions: Questions
) -> dict[str, Any]:
    """JSON-safe, with what made it and without this machine's paths."""
    made = run.plan
    return {
        "model": Path(made["model"]).name,
        "fingerprint": made["model_fingerprint"],
        "questions": {
            "file": given.questions.name,
            "of": len(every.rows),
            "asked": len(questions.rows),
            "left_out": every.left_out,
            "letters": given.letters,
        },
        "seed": given.seed,
        "machine": {name: made["machine"][name] for name in ("processor", "cores")},
        "components": made["components"],
        "versions": made["versions"],
        "arms": list(arms),
    }


if __name__ == "__main__":
    sys.exit(main())
