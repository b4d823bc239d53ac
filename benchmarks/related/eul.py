"""EUL (unlearning layers, arXiv 2310.20150) on canaries that the small model memorised.

    python benchmarks/related/eul.py

One request: the method beside gradient ascent, fine-tuning on retained rows alone, itself without its parts, and
itself with weights that keep nearer to the start; all see the same rows in as many steps. Three requests: fused by
least squares, averaged, and unlearnt one after the other.
"""

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from canaries import GROUPS, MEMORISING
from trying import Claim, arguments, try_all
from unlearnt import BEYOND, as_it_is, figures, unlearn, variant, world

from cem_toolkit.api import Row
from cem_unlearn.eul import Eul

REQUESTS = 3
OPTIONS: dict[str, Any] = {
    "epochs": 20,
    "batch_size": 6,
    "learning_rate": 1e-3,
    "limit": 4.0,
    "retained": 4.0,
    "audit": False,
    "checkpoint_seconds": 0,
    "gradient_checkpointing": False,
}
"""The limit is what never seen numbers have in nats a token (seed 0), as a user would measure it."""
NEARER: dict[str, Any] = {"kl_retained": 2.0, "ce_retained": 0.2, "lm_forgotten": 0}
ASCENT = {"kl_retained": 0, "kl_forgotten": 0, "ce_retained": 0, "lm_forgotten": 1, "learning_rate": 3e-4}
"""Of the learning rates 1e-4, 3e-4 and 1e-3 the one after which no number is written, with least harm (seed 0)."""


def requests(rows: list[Row]) -> list[list[Row]]:
    """What is to be unlearnt, in `REQUESTS` requests of the same size, each with all rows that are retained."""
    forget = [row for row in rows if row.kind == "forget"]
    kept = [row for row in rows if row.kind != "forget"]
    return [
        [*(dataclasses.replace(row, parents=(f"request: {number}",)) for row in forget[number::REQUESTS]), *kept]
        for number in range(REQUESTS)
    ]


def fused(fusion: str) -> Any:
    """An adapter for each request, all as one update."""

    def tried(seed: int) -> Mapping[str, float]:
        asked = requests(world(seed).rows())
        rows = list({row.id: row for request in asked for row in request}.values())
        with tempfile.TemporaryDirectory() as folder:
            trainer = Eul(Eul.Options(**OPTIONS, fusion=fusion))
            model, _ = unlearn(trainer, rows, world(seed).memorised, Path(folder), seed)
            return figures(model, seed)

    return tried


def one_after_the_other(seed: int) -> Mapping[str, float]:
    """Each request unlearnt by the model that unlearnt those before it."""
    with tempfile.TemporaryDirectory() as folder:
        model = world(seed).memorised
        for number, rows in enumerate(requests(world(seed).rows())):
            model, _ = unlearn(Eul(Eul.Options(**OPTIONS)), rows, model, Path(folder) / str(number), seed)
        return figures(model, seed)


NEAR = "EUL, nearer to the start"
VARIANTS = {
    "before": as_it_is("memorised"),
    "never saw them": as_it_is("never"),
    "EUL": variant(Eul, **OPTIONS),
    NEAR: variant(Eul, **OPTIONS | NEARER),
    "gradient ascent": variant(Eul, **OPTIONS | ASCENT),
    "fine-tuning": variant(Eul, **OPTIONS, kl_retained=0, kl_forgotten=0, lm_forgotten=0),
    "without KL": variant(Eul, **OPTIONS, kl_retained=0, kl_forgotten=0),
    "without LM": variant(Eul, **OPTIONS, lm_forgotten=0),
    "3 requests, fused": fused("least squares"),
    "3 requests, mean": fused("mean"),
    "3 requests, one after the other": one_after_the_other,
}
PAPER = "EUL (2310.20150), T5-base on IMDB with 0.5 % removed"
CLAIMS = [
    Claim(f"{PAPER}: forgotten data 100 -> 65.7 % right", "forget extracted", "EUL", "before", higher=False),
    Claim(f"{PAPER}: 65.7 % where retraining has 92.5 %, which is overshoot", BEYOND, "EUL", "never saw them"),
    Claim(
        "EUL (2310.20150), abstract: forgets without hurting predictions, as reversed gradients do",
        "others loss",
        "EUL",
        "gradient ascent",
        higher=False,
    ),
    Claim(
        "the same, by perplexity",
        "held-out perplexity",
        "EUL",
        "gradient ascent",
        higher=False,
        reason="its cross entropy on 64 beginnings of summaries overfits these: more KL in its place keeps perplexity",
    ),
    Claim("ours: the terms that forget are what forgets", "forget loss", "EUL", "fine-tuning"),
    Claim(
        "ours: the KL terms keep what is to stay",
        "others loss",
        "EUL",
        "without KL",
        higher=False,
        reason="without them little is forgotten, and so little lost",
    ),
    Claim(
        "ours: the LM term forgets more",
        "forget loss",
        "EUL",
        "without LM",
        reason="the KL term alone reaches the limit",
    ),
    Claim(
        "EUL (2310.20150), abstract: fusion serves requests in sequence; forgets more than a mean of adapters",
        "forget loss",
        "3 requests, fused",
        "3 requests, mean",
    ),
    Claim(
        "the same: harms less than one request after the other",
        "held-out perplexity",
        "3 requests, fused",
        "3 requests, one after the other",
        higher=False,
    ),
    Claim(
        "ours: more KL and less cross entropy on retained rows keep other canaries better",
        "others loss",
        NEAR,
        "EUL",
        higher=False,
    ),
]


if __name__ == "__main__":
    given = arguments(__doc__, "eul")
    about = {"options": OPTIONS, "requests": REQUESTS, "canaries": GROUPS, "memorising": MEMORISING}
    try_all(VARIANTS, CLAIMS, given, about)
