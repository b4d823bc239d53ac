"""Whether a model can read a prompt once for several continuations."""

import inspect
import math
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from cem_lm_eval.engine import answer, layer_kinds
from cem_lm_eval.layout import gather

KINDS = {"full_attention", "sliding_attention"}
MASKED = {"sdpa", "eager"}
"""Implementations of attention that take any mask."""
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-3}
COARSE = 0.3
"""Nats by which two ways of computing one token may differ on average, in formats of 16 bits. Continuations that see
each other differ by several."""


def network_of(lm: HFLM) -> Any:
    """The causal model itself, its adapters within."""
    return lm.model.get_base_model() if hasattr(lm.model, "get_base_model") else lm.model


def why_not(lm: HFLM) -> str:
    """What keeps this model from reading a prompt once for several continuations, or "".

    What its class and configuration tell is looked at first; then a few made-up tokens are scored both ways.
    """
    network = network_of(lm)
    name = type(network).__name__
    if lm.backend != "causal":
        return f"{name} is no causal model"
    if getattr(getattr(lm.model, "active_peft_config", None), "is_prompt_learning", False):
        return "the adapter puts virtual tokens before the prompt"
    takes = inspect.signature(type(network).forward).parameters.keys()
    if not {"past_key_values", "position_ids", "attention_mask"} <= takes or not layer_kinds(network) <= KINDS:
        return f"{name} keeps no cache of keys and values that can be shared"
    if network.config._attn_implementation not in MASKED:
        return f"attention by {network.config._attn_implementation} takes no mask of one's own"
    try:
        difference = _difference(lm)
    except Exception as error:  # models of many makers, each with its own errors
        return f"{name} fails when a prompt is shared ({type(error).__name__})"
    allowed = TOLERANCE.get(network.dtype, COARSE)
    return "" if difference <= allowed else f"{name} gives other scores when a prompt is shared"


def _difference(lm: HFLM) -> float:
    """Nats per token, on average, between both ways of scoring."""
    size = min(lm.vocab_size, 1000)
    ids = [(7 * number * number + 11 * number + 3) % size for number in range(64)]
    prefix, prompts = ids[:6], [ids[6:11], ids[12:19]]
    ends = [ids[20:25], ids[30:33], ids[40:46]]
    requests = [(prefix + prompt, end) for prompt in prompts for end in ends]
    jobs, _ = gather(requests, lm.max_length)
    ours = dict(answer(network_of(lm), jobs, budget=1024))
    theirs = [_alone(lm, prompt + end, len(end)) for prompt, end in requests]
    if not all(map(math.isfinite, theirs)):
        return 0.0  # a broken model: its answers are refused where they are used
    total = sum(abs(ours[place][0] - expected) for place, expected in enumerate(theirs))
    return total / sum(len(end) for _, end in requests)


def _alone(lm: HFLM, tokens: list[int], scored: int) -> float:
    """The log-likelihood of the last `scored` of `tokens`, read with nothing beside them."""
    ids = torch.tensor([tokens], device=lm.device)
    with torch.inference_mode():
        logits = lm.model(ids).logits[0, -scored - 1 : -1].float()
    return float(logits.log_softmax(-1).gather(1, ids[0, -scored:, None]).sum())
