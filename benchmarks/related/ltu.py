"""LTU (learning to unlearn, arXiv 2407.10494) on canaries that the small model memorised.

    python benchmarks/related/ltu.py

The method beside a plain joint loss (of remaining rows, less that of what is to be unlearnt) and itself without its
parts, all with the same rows in each of as many steps; and the method in twice the steps, with all remaining rows in
the place of a small part of them. Its membership-inference models learn from canaries that are in none of the groups
that are measured.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from canaries import GROUPS, MEMORISING, World, canaries
from trying import Claim, arguments, try_all
from unlearnt import BEYOND, as_it_is, figures, unlearn, world

from cem_unlearn.ltu import Ltu

OPTIONS: dict[str, Any] = {
    "epochs": 20,
    "batch_size": 8,
    "learning_rate": 1e-4,
    "remaining": 12,
    "audit": False,
    "checkpoint_seconds": 0,
}
"""Of the learning rates 5e-5, 1e-4 and 3e-4 the one by which LTU forgets with least harm (seed 0)."""
ALL: dict[str, Any] = {"remaining": 100, "epochs": 40, "forget_weight": 0.5}
"""Of all retained rows, for which it takes more steps."""
JOINT = {"feedback": "loss", "inner_learning_rate": 0, "harmonise": "none"}
JOINT_RATE = 5e-5
"""By which the joint loss does, of the same three."""


def unseen(given: World) -> list[str]:
    """Lines of canaries of people that are in no group of `given`."""
    there = {_name(each.prompt) for group in given.groups.values() for each in group}
    others = [each for group in canaries(given.seed + 1000).values() for each in group]
    return [
        json.dumps({"prompt": each.prompt, "completion": each.secret})
        for each in others
        if _name(each.prompt) not in there
    ][:24]


def _name(prompt: str) -> str:
    """Before the trade."""
    return prompt.partition(", a ")[0]


def variant(**options: Any) -> Callable[[int], Mapping[str, float]]:
    def tried(seed: int) -> Mapping[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "unseen.jsonl"
            file.write_text("\n".join(unseen(world(seed))), encoding="utf-8")
            trainer = Ltu(Ltu.Options(**OPTIONS | options, unseen=file))
            model, _ = unlearn(trainer, world(seed).rows(), world(seed).memorised, Path(folder), seed)
            return figures(model, seed)

    return tried


ALL_REMAINING, JOINT_SLOWER = "LTU, all remaining rows", "joint loss, half the learning rate"
VARIANTS = {
    "before": as_it_is("memorised"),
    "never saw them": as_it_is("never"),
    "LTU": variant(),
    ALL_REMAINING: variant(**ALL),
    "joint loss": variant(**JOINT),
    JOINT_SLOWER: variant(**JOINT, learning_rate=JOINT_RATE),
    "not harmonised": variant(harmonise="none"),
    "without membership feedback": variant(feedback="loss"),
    "without a step tried": variant(inner_learning_rate=0),
    "first order": variant(first_order=True),
}
PAPER = "LTU (2407.10494)"
CLAIMS = [
    Claim(f"{PAPER}: forgets the samples thoroughly", "forget extracted", "LTU", "before", higher=False),
    Claim(
        f"{PAPER}: remembers better than the usual joint training, from a small part of the remaining data",
        "held-out perplexity",
        "LTU",
        "joint loss",
        higher=False,
        reason="general text is harmed little by any variant; what is like the forgotten tells them apart",
    ),
    Claim(f"{PAPER}: the same, of what it is not shown", "others loss", "LTU", "joint loss", higher=False),
    Claim(
        f"{PAPER}: the same, with the joint loss at its best learning rate",
        "held-out perplexity",
        "LTU",
        JOINT_SLOWER,
        higher=False,
        reason="2 % more: at this rate general text is kept, and all that is like the forgotten is lost with it",
    ),
    Claim(
        f"{PAPER}: the same, of what it is not shown, at that rate", "others loss", "LTU", JOINT_SLOWER, higher=False
    ),
    Claim(
        f"{PAPER}: harmonising helps to remember",
        "held-out perplexity",
        "LTU",
        "not harmonised",
        higher=False,
        reason="nine steps of ten conflict, but what is projected away hardly matters to general text",
    ),
    Claim(
        f"{PAPER}: feedback by membership inference helps to remember",
        "held-out perplexity",
        "LTU",
        "without membership feedback",
        higher=False,
        reason="general text is harmed little by both",
    ),
    Claim(
        f"{PAPER}: the same feedback, by what it is not shown",
        "others loss",
        "LTU",
        "without membership feedback",
        higher=False,
        reason="with four seeds of five it does, by half a nat to five nats, and with one not",
    ),
    Claim(
        "ours: by membership feedback less is forgotten than by loss, nearer to retraining",
        BEYOND,
        "LTU",
        "without membership feedback",
        higher=False,
        reason="with four seeds of five, by half a nat to five nats, and with one not",
    ),
    Claim(
        f"{PAPER}: trying a step helps to remember", "held-out perplexity", "LTU", "without a step tried", higher=False
    ),
    Claim(
        "ours: the second order is worth its cost, against the first-order form",
        "held-out perplexity",
        "LTU",
        "first order",
        higher=False,
        reason="it is worth a hundredth of a nat a token, which is what seeds differ by",
    ),
    Claim(f"{PAPER}: no more is forgotten than retraining would", BEYOND, "LTU", "joint loss", higher=False),
    Claim(
        "ours: with all remaining rows, in twice the steps, it keeps other canaries better",
        "others loss",
        ALL_REMAINING,
        "LTU",
        higher=False,
    ),
]


if __name__ == "__main__":
    given = arguments(__doc__, "ltu")
    try_all(VARIANTS, CLAIMS, given, {"options": OPTIONS, "canaries": GROUPS, "memorising": MEMORISING})
