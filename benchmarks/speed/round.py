"""How fast is a whole round against lm-eval and a TRL script in sequence? On the same questions and training rows.

    python benchmarks/speed/round.py [--repeats 2] [--out FILE.json]

Ours is one `cem-toolkit evolve` of one round with its defaults, from the command to the report: it also mines, looks up
and reads passages, and judges, which the other way does not. The other way is what a user would run instead: the
`lm_eval` command, a script of TRL's quick start on the rows that our round trained on, as often and at the same
learning rate, and `lm_eval` again on the result, both times in the precision that ours computes in (TRL saves float32
weights, which lm-eval would otherwise take as they are, and be slower). Without examples before the questions, and, in
half as many pairs, with the same five before each, as MMLU has them. Every repeat asks other questions. All is wall-
clock time of whole processes, loading included.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from evaluation import BATCH, EXAMPLES, write_task
from spread import spread

from cem_embedded.factbook import make_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval.device import choose_dtype
from cem_toolkit.machine import processor
from cem_toolkit.models import resolve_model

QUESTIONS = 100
TOKEN_BUDGET = 600
SETTINGS = {"zero-shot": 0, "5 shots, the same for all": 5}
EPOCHS = 2
"""The trainer's default, given to both."""
TRL_SCRIPT = f"""\
import json, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from training_ways import train_stock
rows, out = sys.argv[1:]
train_stock(json.load(open(rows)), {{"epochs": {EPOCHS}, "seed": 0, "out": out}})
"""


def run(command: list[str]) -> float:
    """Seconds that `command` takes."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def ours(folder: Path, model: Path, task: Path, shots: int) -> tuple[dict[str, float], list[dict[str, str]]]:
    """Seconds of the whole command and of its stages, and the rows it trained on."""
    config = {
        "model": str(model),
        "tasks": [str(task)],
        "plugins": ["wiki", "trl"],
        "out": str(folder / "runs"),
        "evaluator": {"num_fewshot": shots},
        "mixer": {"token_budget": TOKEN_BUDGET},
        "trainer": {"epochs": EPOCHS, "batch_size": 8, "learning_rate": 2e-5, "freeze": "none", "interpolation": 1.0},
    }
    (folder / "cem.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("cem-toolkit")), "evolve", "--config", str(folder / "cem.yaml")]
    seconds = {"all": run(command)}
    for info in sorted((folder / "runs" / "latest").rglob("stage.json")):
        stage = json.loads(info.read_text(encoding="utf-8"))
        name = f"round {stage['round']} {stage['stage']}"
        seconds[name] = stage["seconds"]
    rows = (folder / "runs" / "latest" / "round-1" / "mix" / "rows.jsonl").read_text(encoding="utf-8")
    kept = [json.loads(line) for line in rows.split("\n") if line]
    return seconds, [{"prompt": row["prompt"], "completion": row["completion"]} for row in kept]


def theirs(folder: Path, model: Path, task: Path, shots: int, rows: list[dict[str, str]]) -> dict[str, float]:
    """Seconds of `lm_eval`, of the TRL script, and of `lm_eval` on what it trained."""
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    trained = folder / "trained"

    def evaluate(path: Path) -> float:
        command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf"]
        command += ["--model_args", f"pretrained={path},dtype={choose_dtype('auto', 'cpu')}"]
        command += ["--device", "cpu", "--batch_size", str(BATCH), "--tasks", task.stem, "--num_fewshot", str(shots)]
        return run([*command, "--include_path", str(task.parent)])

    seconds = {"evaluate": evaluate(model)}
    seconds["train"] = run([sys.executable, "-c", TRL_SCRIPT, str(folder / "rows.json"), str(trained)])
    seconds["evaluate again"] = evaluate(trained)
    return {"all": sum(seconds.values()), **seconds}


def measure(repeats: int = 2) -> dict[str, Any]:
    """By setting the ratio of their time to ours: median, minimum and maximum over the pairs, and seconds of each."""
    cache = Path("~/.cache/cem-toolkit").expanduser()
    model = resolve_model(str(gguf_path(cache / "embedded")), cache, print).path.resolve()
    questions = make_questions(names=ASKED)
    random.Random(0).shuffle(questions)  # noqa: S311 (draws questions; guards nothing)
    examples, asked = questions[:EXAMPLES], iter(questions[EXAMPLES:])
    results: dict[str, Any] = {}
    for label, shots in SETTINGS.items():
        pairs = []
        for number in range(-(-repeats // 2) if shots else repeats):
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                (folder / "tasks").mkdir()
                chosen = [next(asked) for _ in range(QUESTIONS)]
                # A name of its own: results are reused by any run that asks the same.
                task = write_task(folder / "tasks", f"round_{shots}_{number}", chosen, examples, {"sampler": "first_n"})
                our_seconds, rows = ours(folder, model, task, shots)
                pair = {"ours": our_seconds, "theirs": theirs(folder, model, task, shots, rows), "rows": len(rows)}
            pairs.append(pair)
            print(label, json.dumps(pair), flush=True)
        ratio = spread([pair["theirs"]["all"] / pair["ours"]["all"] for pair in pairs])
        results[label] = {"ratio": ratio, "pairs": pairs}
    return {"questions": QUESTIONS, "token_budget": TOKEN_BUDGET, "epochs": EPOCHS, "settings": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "round_speed.json")
    given = parser.parse_args()
    report = {
        "machine": processor(),
        "repeats": given.repeats,
        "versions": {name: version(name) for name in ("cem-toolkit", "lm_eval", "trl", "torch", "transformers")},
        **measure(given.repeats),
    }
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({label: each["ratio"] for label, each in report["settings"].items()}, indent=2))


if __name__ == "__main__":
    main()
