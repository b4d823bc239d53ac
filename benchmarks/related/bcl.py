"""BCL against plain training and replay, on a stream in which every round brings new labels.

    python benchmarks/related/bcl.py

Which field of the World Factbook is a text from? Each of four rounds has three fields of one section; the tests, of
other countries, ask for any of the twelve. Every variant makes the same number of updates, and has the same memory.
"""

from functools import partial
from typing import Any

from rounds import passed_on, share_right, through
from streams import fields_by_section
from trying import Claim, Figures, arguments, try_all

from cem_continual.bcl import Bcl
from cem_continual.naive import Naive
from cem_continual.replay import Replay
from cem_toolkit.api import Trainer

MEMORY = 36
"""Rows, of 120 in a round."""
UPDATES = 3
"""In which a row of a round has a part."""
ADAM: dict[str, Any] = {"epochs": UPDATES, "learning_rate": 1e-3}
SGD: dict[str, Any] = {"epochs": 1, "learning_rate": 0.25, "memory": MEMORY, "inner_steps": UPDATES - 1}
VARIANTS: dict[str, tuple[type[Trainer], dict[str, Any]]] = {
    "naive": (Naive, ADAM),
    "replay": (Replay, {**ADAM, "memory": MEMORY}),
    # BCL without what makes it BCL: inner steps on the round's rows and the memory, and nothing else.
    "replay by SGD": (Bcl, {**SGD, "generalization": 0.0, "inner_steps": UPDATES, "memory_strength": 0.0}),
    "bcl": (Bcl, SGD),
    "bcl without generalization memory": (Bcl, {**SGD, "generalization": 0.0, "inner_steps": UPDATES}),
    "bcl without stored predictions": (Bcl, {**SGD, "memory_strength": 0.0}),
}
PAPER = "arXiv 2007.15553"
FEW = "four rounds of 120 rows, where the paper has tens of tasks: any memory of 36 rows does most of it here"
CLAIMS = [
    Claim(f"better than plain training ({PAPER})", "average performance", "bcl", "naive"),
    Claim(f"forgets less than plain training ({PAPER})", "backward transfer", "bcl", "naive"),
    Claim(
        f"better than experience replay with the same memory ({PAPER})",
        "average performance",
        "bcl",
        "replay",
        reason=FEW,
    ),
    Claim(f"forgets less than replay with the same memory ({PAPER})", "backward transfer", "bcl", "replay"),
    Claim(
        f"better than replay by the same optimiser ({PAPER})", "average performance", "bcl", "replay by SGD", reason=FEW
    ),
    Claim(
        "ours: better than without the outer step on a memory of its own",
        "average performance",
        "bcl",
        "bcl without generalization memory",
        reason="a fifth of so small a memory, seven rows, is little to generalise by",
    ),
    Claim(
        "ours: better than without the predictions of earlier models",
        "average performance",
        "bcl",
        "bcl without stored predictions",
        reason="the difference between seeds is larger than what they are worth",
    ),
]


def tried(trainer: type[Trainer], options: dict[str, Any], seed: int) -> Figures:
    rounds = list(fields_by_section(seed))
    answers, tokens = through(trainer, options, rounds, "Field", seed)
    tests = [each for _, each in rounds]
    return {**passed_on([list(map(share_right, after, tests)) for after in answers]), "tokens": tokens}


if __name__ == "__main__":
    given = arguments(__doc__, "bcl")
    variants = {name: partial(tried, *each) for name, each in VARIANTS.items()}
    try_all(
        variants, CLAIMS, given, {"memory": MEMORY, "options": {name: each for name, (_, each) in VARIANTS.items()}}
    )
