"""How long does `cem-toolkit --help` take, beside a Python that does nothing?

    python benchmarks/speed/startup.py [--repeats 20] [--out FILE.json]

Each is a process of its own, in turns; figures are wall-clock milliseconds.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from spread import spread

from cem_toolkit import __version__
from cem_toolkit.machine import processor

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "cem-toolkit --help": [str(Path(sys.executable).with_name("cem-toolkit")), "--help"],
}


def measure(repeats: int = 20) -> dict[str, Any]:
    """Milliseconds of each command: median, minimum and maximum of `repeats` runs after one that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if number:
                taken[name].append(1000 * (time.perf_counter() - start))
    return {name: spread(times, 1) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "startup.json")
    given = parser.parse_args()
    report = {
        "machine": processor(),
        "python": sys.version.split()[0],
        "cem-toolkit": __version__,
        "repeats": given.repeats,
        "milliseconds": measure(given.repeats),
    }
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
