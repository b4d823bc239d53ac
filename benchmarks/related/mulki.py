"""MulKI against plain training and one teacher, on a stream in which every round brings new labels.

    python benchmarks/related/mulki.py

Which field of the World Factbook is a text from? Each of four rounds has three fields of one section; the tests, of
other countries, ask for any of the twelve. Beside its 240 questions every round has 60 of Wikipedia's summaries, which
the small model was made with, as general rows; how well it knows others of these is what it could do before. No round
sees rows of another. Every variant makes the same steps on the same rows.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from rounds import contexts, passed_on, preferred, share_right, train
from small import perplexity, small_model, summaries
from streams import ask, fields_by_section
from transformers import AutoModelForCausalLM, AutoTokenizer
from trying import Claim, Figures, arguments, try_all

from cem_continual.mulki import Mulki
from cem_continual.naive import Naive
from cem_toolkit.api import Model, Row, Trainer

GENERAL, ASKED = 60, 100
"""Summaries in a round, and those by which it is told what is left of what the model could do before."""
LONGEST = 100
"""Characters of a summary: with four times as many hardly anything of the questions is learnt (seed 0), as an answer is
a word."""
LAST, BOTH, FREE = "the last alone", "mulki", "general rows alone held"
USUAL: dict[str, Any] = {"epochs": 4, "batch_size": 16, "learning_rate": 1e-3}
HELD: dict[str, Any] = {**USUAL, "new_share": 0.25, "distillation": 1.0, "relations": 1.0}
VARIANTS: dict[str, tuple[type[Trainer], dict[str, Any]]] = {
    "naive": (Naive, USUAL),
    LAST: (Mulki, HELD),
    BOTH: (Mulki, {**HELD, "original": "small"}),
    "without prototypes": (Mulki, {**HELD, "original": "small", "relations": 0.0}),
    "equal weights": (Mulki, {**HELD, "original": "small", "teacher_weights": "equal"}),
    FREE: (Mulki, {**HELD, "original": "small", "new_share": 0.0}),
}
PAPER = "arXiv 2411.06764"
CLAIMS = [
    Claim(
        f"less of what the model could do before is lost than by plain training ({PAPER})",
        "loss before",
        BOTH,
        "naive",
        higher=False,
    ),
    Claim(
        f"better on all tasks than plain training ({PAPER})",
        "average performance",
        BOTH,
        "naive",
        reason="all forget earlier rounds, which none sees again; rows held to teachers are learnt less",
    ),
    Claim(f"less of it is lost than with one teacher ({PAPER})", "loss before", BOTH, LAST, higher=False),
    Claim(
        f"better on all tasks than with one teacher ({PAPER})",
        "average performance",
        BOTH,
        LAST,
        reason="the original knows nothing of the questions, so that it adds nothing to answering them",
    ),
    Claim(
        f"relations to prototypes help ({PAPER})",
        "average performance",
        BOTH,
        "without prototypes",
        reason="ours are a reconstruction, of states that answers hardly depend on",
    ),
    Claim(
        f"weights of teachers by sample help ({PAPER})",
        "average performance",
        BOTH,
        "equal weights",
        reason="ours are a reconstruction, and neither teacher knows the new rows' answers",
    ),
    Claim(
        "ours: to hold new rows, too, keeps more of what the model could do before",
        "loss before",
        BOTH,
        FREE,
        higher=False,
        reason="a step holds general rows alone, or these and new ones, which then count as much as they do",
    ),
    Claim(
        "ours: and costs some of what is learnt",
        "average performance",
        BOTH,
        FREE,
        higher=False,
        reason="five points with these seeds, which differ by as much",
    ),
]


def tried(trainer: type[Trainer], options: Mapping[str, Any], seed: int) -> Figures:
    rounds = list(fields_by_section(seed))
    labels = list(dict.fromkeys(label for found, _ in rounds for _, label in found))
    model = small_model()
    options = {**options, **({"original": str(model.path)} if "original" in options else {})}
    texts = [text[:LONGEST] for text in summaries()[0]]
    Random(seed).shuffle(texts)  # noqa: S311

    def shares() -> list[float]:
        return [share_right(preferred(model, tests, labels, "Field"), tests) for _, tests in rounds]

    after, tokens = [shares()], 0
    with contexts(seed) as context:
        for number, (found, _) in enumerate(rounds, 1):
            begun = ASKED + number * GENERAL
            rows = [*ask(found, "Field"), *_general(texts[begun : begun + GENERAL])]
            model, figures = train(trainer, options, rows, context(number, model))
            tokens += figures["tokens"]
            after.append(shares())
        before = _loss(model, texts[:ASKED])
    return {**passed_on(after), "loss before": before, "tokens": tokens}


def _general(texts: Sequence[str]) -> list[Row]:
    return [Row.make(kind="general", prompt="", completion=text, parents=()) for text in texts]


def _loss(model: Model, texts: Sequence[str]) -> float:
    """In nats a token."""
    loaded, tokenizer = AutoModelForCausalLM.from_pretrained(model.path), AutoTokenizer.from_pretrained(model.path)
    return math.log(perplexity(loaded, tokenizer, texts))


if __name__ == "__main__":
    given = arguments(__doc__, "mulki")
    variants = {name: partial(tried, *each) for name, each in VARIANTS.items()}
    about = {"general": GENERAL, "longest": LONGEST, "options": {name: each for name, (_, each) in VARIANTS.items()}}
    try_all(variants, CLAIMS, given, about)
