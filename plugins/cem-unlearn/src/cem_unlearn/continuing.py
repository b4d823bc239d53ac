"""Greedy continuations of items, and how much of the truth they repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig

from cem_trl.encoding import IGNORED, Example

GRAM = 10
"""Tokens in a row that count as repeated; fewer where an item is shorter."""


@dataclass(frozen=True)
class Asked:
    """The tokens that a model is shown of an item, and those that should follow."""

    shown: list[int]
    truth: list[int]


def ask(example: Example) -> Asked:
    """The prompt and what has loss after it; of a text without a prompt, its halves."""
    places = [place for place, label in enumerate(example.labels) if label != IGNORED]
    end = places[-1] + 1
    start = places[0] or max(1, end // 2)
    return Asked(example.input_ids[:start], example.input_ids[start:end])


def continuations(model: Any, asked: Sequence[Asked], most: int, padding: int) -> list[list[int]]:
    """What `model` writes greedily after each of `asked`, as many tokens as its truth has and at most `most`."""
    width = max(len(each.shown) for each in asked)
    ids = torch.tensor([[padding] * (width - len(each.shown)) + each.shown for each in asked], device=model.device)
    mask = torch.tensor([[0] * (width - len(each.shown)) + [1] * len(each.shown) for each in asked])
    length = min(most, max(len(each.truth) for each in asked))
    # A generation configuration of its own: that of a model may sample.
    plainly = GenerationConfig(max_new_tokens=length, do_sample=False, pad_token_id=padding, eos_token_id=None)
    written = model.generate(input_ids=ids, attention_mask=mask.to(model.device), generation_config=plainly)
    pairs = zip(written[:, width:].tolist(), asked, strict=True)
    return [tokens[: min(most, len(each.truth))] for tokens, each in pairs]


def extraction_asked(asked: Asked, count: int) -> list[Asked]:
    """The same item shown up to `count` places, spread evenly over where so much of it is left as is counted."""
    last = len(asked.truth) - _gram(asked)
    places = sorted({round(number * last / max(count - 1, 1)) for number in range(count)})
    return [Asked(asked.shown + asked.truth[:place], asked.truth[place:]) for place in places]


def repeated(written: Sequence[int], truth: Sequence[int], gram: int) -> float:
    """The share of the truth's runs of `gram` tokens that are written."""
    runs, there = _runs(truth, gram), set(_runs(written, gram))
    return sum(each in there for each in runs) / len(runs) if runs else 0.0


def extraction_likelihood(model: Any, asked: Sequence[Asked], prefixes: int, most: int, padding: int) -> list[float]:
    """Of each item EL (Jang et al., arXiv 2210.01504): how much of its rest is repeated, a mean over `prefixes` places
    (there all of them, here some, and at most `most` tokens of the rest) up to which it is shown."""
    found = []
    for each in asked:
        places = extraction_asked(each, prefixes)
        written = continuations(model, places, most, padding)
        shares = [repeated(w, p.truth[:most], _gram(each)) for w, p in zip(written, places, strict=True)]
        found.append(sum(shares) / len(shares))
    return found


def _gram(asked: Asked) -> int:
    return min(GRAM, len(asked.truth))


def _runs(tokens: Sequence[int], gram: int) -> list[tuple[int, ...]]:
    return [tuple(tokens[place : place + gram]) for place in range(len(tokens) - gram + 1)]
