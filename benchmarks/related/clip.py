"""CLIP, a curriculum that leaves out what is learnt, against random order and random pruning.

    python benchmarks/related/clip.py

Sentences of the World Factbook, first those that the model finds easy; the loss is on sentences of other countries. All
variants make as many steps of as many sentences, and are the same trainer with other options; `tokens` says how much
text that was.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from rounds import contexts, train
from small import small_model
from streams import sentences
from transformers import AutoModelForCausalLM, AutoTokenizer
from trying import Claim, Figures, arguments, try_all

from cem_continual.clip import Clip, easy_to_hard
from cem_toolkit.api import Model, Row
from cem_trl.encoding import Encoder
from cem_trl.passes import example_losses
from cem_trl.quiet import quiet

USUAL: dict[str, Any] = {"epochs": 3, "learning_rate": 1e-3}
ALL: dict[str, Any] = {"begin": 1.0, "prune": 0.0}
VARIANTS: dict[str, dict[str, Any]] = {
    "clip": {},
    "random order, no pruning": ALL,
    "curriculum, no pruning": {"prune": 0.0},
    "curriculum, random pruning": {"leaving": "random"},
    "random order, pruning": {"begin": 1.0},
}
PAPER = "arXiv 2212.01452"
CLAIMS = [
    Claim(
        f"learns more than in random order ({PAPER})",
        "loss",
        "clip",
        "random order, no pruning",
        higher=False,
        reason="of as many steps more go to easy sentences and fewer to the hard ones, which are what is to be learnt; "
        "three passes over 600 sentences, where the paper has whole corpora",
    ),
    Claim(
        f"learns more than by the curriculum alone ({PAPER})",
        "loss",
        "clip",
        "curriculum, no pruning",
        higher=False,
        reason="an eighth of the sentences leaves, and late",
    ),
    Claim(
        f"what has the least loss is what can be left out, rather than any ({PAPER})",
        "loss",
        "clip",
        "curriculum, random pruning",
        higher=False,
        reason="an eighth of the sentences leaves, and late: which ones hardly matters",
    ),
]
BATCH = 64


def tried(options: dict[str, Any], seed: int) -> Figures:
    found, tests = sentences(seed)
    start = small_model()
    rows = [Row.make(kind="passage", prompt="", completion=text, parents=(str(n),)) for n, text in enumerate(found)]
    with contexts(seed) as context:
        ctx = context(1, start)
        scoring = replace(ctx, score=_score(start), count_tokens=lambda texts: Clip().count_tokens(texts, ctx))
        model, figures = train(Clip, {**USUAL, **options}, easy_to_hard(rows, scoring), ctx)
        return {
            "loss": _nats(model, tests)[1],
            "left out": figures["left_out"] / figures["examples"],
            "tokens": figures["tokens"],
        }


def _score(model: Model) -> Callable[[Sequence[tuple[str, Sequence[str]]]], list[tuple[float, ...]]]:
    """Log-likelihoods of texts without a prompt, as an evaluator gives them."""
    return lambda pairs: [(-each,) for each in _nats(model, [text for _, (text,) in pairs])[0]]


def _nats(model: Model, texts: Sequence[str]) -> tuple[list[float], float]:
    """Of each text, and a token."""
    encoder = Encoder(AutoTokenizer.from_pretrained(model.path), 256, chat=False)
    rows = [Row.make(kind="passage", prompt="", completion=text, parents=()) for text in texts]
    examples = [encoder.encode(row)[0] for row in rows]
    found = []
    with quiet(), torch.no_grad():
        loaded = AutoModelForCausalLM.from_pretrained(model.path).eval()
        for at in range(0, len(examples), BATCH):
            found += example_losses(loaded, examples[at : at + BATCH]).tolist()
    sums = [loss * each.supervised for loss, each in zip(found, examples, strict=True)]
    return sums, sum(sums) / sum(each.supervised for each in examples)


if __name__ == "__main__":
    given = arguments(__doc__, "clip")
    variants = {name: partial(tried, options) for name, options in VARIANTS.items()}
    try_all(variants, CLAIMS, given, {"usual": USUAL, "options": VARIANTS})
