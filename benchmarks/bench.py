"""Every speed ratio of the project in one table: `make bench`, under 30 minutes on two cores.

    python benchmarks/bench.py [--repeats 3] [--out FILE.json]

Each ratio is of two ways of doing the same on the same model and data, measured in turns in one run; reported are the
median, minimum and maximum of `--repeats` pairs, of training and whole rounds one less. Writes results/speed.json and
docs/images/speed.svg. The parts are the scripts under speed/, which can be run alone.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cem_toolkit.machine import processor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "speed"))
LIBRARIES = ("cem-toolkit", "lm_eval", "trl", "transformers", "torch")


def measure(repeats: int) -> dict[str, Any]:
    """The parts, each with its own details, and the ratios that sum them up."""
    import bounds
    import evaluation
    import evaluation_profile
    import round as whole_round
    import startup
    import training

    details: dict[str, Any] = {}
    for name, part in (
        ("startup", startup.measure),
        ("bounds", bounds.measure),
        ("evaluation", lambda: evaluation.measure(repeats)),
        ("training", lambda: training.measure(max(1, repeats - 1))),
        ("evaluation_profile", lambda: evaluation_profile.measure(details["bounds"])),
        (
            "training_profile",
            lambda: training.profile(details["bounds"], training.seconds_a_pass(details["training"])),
        ),
        ("round", lambda: whole_round.measure(max(1, repeats - 1))),
    ):
        start = time.perf_counter()
        print(f"--- {name}", flush=True)
        details[name] = part()
        print(f"--- {name}: {time.perf_counter() - start:.0f} s", flush=True)
    asked = details["evaluation"]
    return {
        "evaluation_ratio": asked["zero-shot, bfloat16"]["ratio"],
        "evaluation_5_shot_ratio": asked["5 shots, the same for all, bfloat16"]["ratio"],
        "training_ratio": details["training"]["training_ratio"],
        "training_memory_ratio": details["training"]["training_memory_ratio"],
        "round_ratio": details["round"]["settings"]["zero-shot"]["ratio"],
        "round_5_shot_ratio": details["round"]["settings"]["5 shots, the same for all"]["ratio"],
        "details": details,
    }


def table(measured: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """Label and ratio of every comparison; above 1 is faster, but for memory, of which less is better."""
    lines = [(f"evaluation, {name}", each["ratio"]) for name, each in measured["details"]["evaluation"].items()]
    lines.append(("training", measured["training_ratio"]))
    lines.append(("memory of training", measured["training_memory_ratio"]))
    lines += [
        (f"a whole round, {name}", each["ratio"]) for name, each in measured["details"]["round"]["settings"].items()
    ]
    return lines


def markdown(lines: list[tuple[str, dict[str, float]]]) -> str:
    """The table as docs/performance.md has it."""
    rows = [
        f"| {label} | {each['median']:.2f} | {each['minimum']:.2f} to {each['maximum']:.2f} |" for label, each in lines
    ]
    return "\n".join(["| | median | minimum to maximum |", "|---|---|---|", *rows])


def draw(lines: list[tuple[str, dict[str, float]]]) -> str:
    """The table as a picture: a bar to each median, a line from minimum to maximum."""
    height, left, width = 26, 260, 400
    most = max(ratio["maximum"] for _, ratio in lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height * len(lines) + 40}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
    ]
    one = left + width / most
    for number, (label, ratio) in enumerate(lines):
        top = 10 + number * height
        low, middle, high = (left + width * ratio[end] / most for end in ("minimum", "median", "maximum"))
        parts.append(f'<text x="{left - 8}" y="{top + 14}" text-anchor="end">{label}</text>')
        parts.append(f'<rect x="{left}" y="{top + 3}" width="{middle - left:.1f}" height="14" fill="#4a90c2"/>')
        parts.append(f'<path d="M{low:.1f} {top + 10}H{high:.1f}" stroke="#222" stroke-width="2"/>')
        parts.append(f'<text x="{high + 6:.1f}" y="{top + 14}">{ratio["median"]:g}</text>')
    end = 10 + len(lines) * height
    parts.append(f'<path d="M{one:.1f} 6V{end}" stroke="#c33" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{one:.1f}" y="{end + 14}" text-anchor="middle" fill="#c33">1: lm-eval, TRL</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "speed.json")
    parser.add_argument("--plot", type=Path, default=HERE.parent / "docs" / "images" / "speed.svg")
    given = parser.parse_args()
    start = time.perf_counter()
    measured = measure(given.repeats)
    report = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in LIBRARIES},
        "repeats": given.repeats,
        "minutes": round((time.perf_counter() - start) / 60, 1),
        **measured,
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    lines = table(measured)
    given.plot.write_text(draw(lines), encoding="utf-8")
    print("\n" + markdown(lines))
    print(f"\n{report['minutes']} minutes; {given.out}")


if __name__ == "__main__":
    main()
