"""DELTA against plain training, on a stream whose labels are as uneven as they come.

    python benchmarks/related/delta.py

Which section of the World Factbook is a text from? Three rounds are three parts of the world; government comes some
fifty times as often as space. The tests have about as many of each section, so that accuracy is the mean over labels.
Every variant makes the same steps, with a memory of the same size and as many rows of it in each.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import Any

from rounds import through
from streams import SECTIONS, sections_by_region
from trying import Claim, Figures, arguments, try_all

from cem_continual.delta import Delta
from cem_continual.replay import Replay
from cem_toolkit.api import Trainer

RARE = ("Power", "Transport", "Space")
USUAL: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "schedule": "constant", "memory": 200}
VARIANTS: dict[str, tuple[type[Trainer], dict[str, Any]]] = {
    "plain cross entropy": (Replay, USUAL),
    "delta": (Delta, {**USUAL, "labels": "closed"}),
    "contrastive, plain head": (Delta, {**USUAL, "labels": "closed", "balanced": False}),
    "balanced head alone": (Delta, {**USUAL, "labels": "closed", "contrastive": 0.0}),
}
PAPER = "arXiv 2404.04476"
CLAIMS = [
    Claim(
        f"better than plain replay ({PAPER})",
        "balanced accuracy",
        "delta",
        "plain cross entropy",
        reason="a quarter of few steps goes to the contrastive loss, which a model that reads already hardly needs",
    ),
    Claim(
        f"better than contrastive learning without balance: 18.02 against SCR's 3.59 ({PAPER})",
        "balanced accuracy",
        "delta",
        "contrastive, plain head",
        reason="the balanced loss helps the rarest three by 20 points and costs the other five 7",
    ),
    Claim(
        f"better than the balanced loss without contrastive learning ({PAPER})",
        "balanced accuracy",
        "delta",
        "balanced head alone",
        reason="as above: without the contrastive steps the balanced loss has all of them",
    ),
    Claim(
        "ours: the balanced loss alone is better than plain replay",
        "balanced accuracy",
        "balanced head alone",
        "plain cross entropy",
    ),
]


def tried(trainer: type[Trainer], options: dict[str, Any], seed: int) -> Figures:
    rounds = list(sections_by_region(seed))
    # The tests of all rounds are the same.
    answers, tokens = through(trainer, options, [(found, rounds[0][1]) for found, _ in rounds], "Section", seed)
    recalls = recall(answers[-1][0], rounds[0][1])
    return {
        "balanced accuracy": fmean(recalls.values()),
        "of the three rarest": fmean(recalls[label] for label in RARE),
        "of the commonest": recalls[SECTIONS["Government"]],
        "tokens": tokens,
    }


def recall(answers: Sequence[str], tests: Sequence[tuple[str, str]]) -> dict[str, float]:
    """By label."""
    right = defaultdict(list)
    for answer, (_, label) in zip(answers, tests, strict=True):
        right[label].append(answer == label)
    return {label: fmean(found) for label, found in right.items()}


if __name__ == "__main__":
    given = arguments(__doc__, "delta")
    variants = {name: partial(tried, *each) for name, each in VARIANTS.items()}
    try_all(variants, CLAIMS, given, {"options": {name: each for name, (_, each) in VARIANTS.items()}})
