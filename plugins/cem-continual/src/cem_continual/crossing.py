"""What a stage of training cost the others: the same things measured of the model as each stage left it.

Cross-stage forgetting is named by the survey arXiv 2402.01364; what is measured of it is ours.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from cem_continual.dpo import both_sides, log_likelihoods
from cem_continual.routing import STAGES, StageName, stage_of
from cem_toolkit.api import Context, Row, ask_probes, load_tokenizer, read_neutral, score_neutral
from cem_trl.encoding import Encoder, Example
from cem_trl.figures import thinned
from cem_trl.hardware import choose_device
from cem_trl.models import load_start
from cem_trl.options import TrlOptions
from cem_trl.room import give_back

MOST_ROWS = 64
"""Of each sort of rows, that are measured."""
Measured = Mapping[str, float]
"""By column of the table."""
TOLD: dict[StageName, str] = {
    "text": "pre-training text",
    "instructions": "instructions",
    "preferences": "preferences",
}


def measure(rows: Sequence[Row], options: TrlOptions, ctx: Context) -> dict[str, float]:
    """Of `ctx.model`: how many items of each probe it answers as it should; perplexity a token on neutral text, on
    review, and on what the stages train on; and the share of preferences that it holds. The same bytes for the same
    model and machine."""
    device = choose_device(options)
    model = load_start(ctx).to(device).eval()
    model = model.float() if device == "cpu" else model
    encoder = Encoder(load_tokenizer(ctx.model.path), options.max_length, ctx.chat_template)
    with torch.no_grad():
        measured = _ask(model, encoder, options.micro_batch_size, ctx)
        for name, chosen in _sorts(rows).items():
            examples = [example for row in chosen for example in encoder.encode(row)]
            measured[name] = _perplexity(model, examples, options.micro_batch_size)
        preferences = thinned([row for row in rows if row.kind == "preference"], MOST_ROWS)
        pairs = [encoder.encode(row) for row in both_sides(preferences)]
        if whole := [(b[0], w[0]) for b, w in zip(pairs[::2], pairs[1::2], strict=True) if len(b) == len(w) == 1]:
            sides = _likelihoods(model, [each for pair in whole for each in pair], options.micro_batch_size)
            held = sum(b > w for b, w in zip(sides[::2], sides[1::2], strict=True))
            measured["preferences held, %"] = round(100 * held / len(whole), 1)
    del model
    give_back()
    return measured


def table(measured: Mapping[str, Measured]) -> dict[str, Any]:
    """For the report, of what was measured, by the name of the stage that came before; the start is called `start`."""
    names = list(next(iter(measured.values())))
    text = (
        "Each line is the model as that stage left it: how many items of the two probes it answers as it should "
        "(higher is better), perplexity of neutral text, of what is reviewed and of what the stages train on (lower is "
        f"better; at most {MOST_ROWS} rows of each), and how many of the preferences it holds. What a line lost to "
        "the one above is what its stage cost: forgetting across stages."
    )
    lines = [[_said(stage), *(found.get(name) for name in names)] for stage, found in measured.items()]
    return {"title": "What each stage cost the others", "text": text, "columns": ["after", *names], "rows": lines}


def _said(stage: str) -> str:
    return next((TOLD[name] for name in STAGES if name == stage), "the start")


def _sorts(rows: Sequence[Row]) -> dict[str, list[Row]]:
    sorts: dict[str, list[Row]] = {"review": [], "pre-training text": [], "instructions": []}
    for row in rows:
        if row.kind == "review":
            sorts["review"].append(row)
        elif row.kind not in ("preference", "general"):
            sorts[TOLD[stage_of(row)]].append(row)
    return {f"{name}, perplexity": thinned(found, MOST_ROWS) for name, found in sorts.items() if found}


def _ask(model: Any, encoder: Encoder, at_once: int, ctx: Context) -> dict[str, float]:
    """The core's own probes and neutral text, of this model."""

    def score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
        examples = [encoder.scored(prompt, each) for prompt, continuations in pairs for each in continuations]
        found = iter(_likelihoods(model, examples, at_once))
        return [tuple(next(found) for _ in continuations) for _, continuations in pairs]

    asking = replace(ctx, score=score)
    probes = {f"{name}, of {len(marks)}": marks.count("1") for name, marks in (ask_probes(asking) or {}).items()}
    neutral = score_neutral(read_neutral(None), asking)
    return {**probes, **({"neutral text, perplexity": _power(-neutral["nats"], neutral["tokens"])} if neutral else {})}


def _perplexity(model: Any, examples: Sequence[Example], at_once: int) -> float:
    nats = -sum(_likelihoods(model, examples, at_once))
    return _power(nats, sum(each.supervised for each in examples))


def _power(nats: float, tokens: float) -> float:
    return round(math.exp(min(nats / max(tokens, 1), 700.0)), 4)


def _likelihoods(model: Any, examples: Sequence[Example], at_once: int) -> list[float]:
    """In nats. Those of like length are read together."""
    order = sorted(range(len(examples)), key=lambda place: len(examples[place].input_ids))
    found = [0.0] * len(examples)
    for start in range(0, len(order), at_once):
        places = order[start : start + at_once]
        for place, value in zip(places, log_likelihoods(model, [examples[p] for p in places]).tolist(), strict=True):
            found[place] = value
    return found
