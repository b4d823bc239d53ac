"""The log-likelihood of continuations: lm-eval's own figures, with the work on a shared prompt done once."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lm_eval.api.instance import Instance
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from cem_lm_eval.models import CPU_BATCH, ReportingLM
from cem_lm_eval.quiet import quiet, warnings_of_lm_eval
from cem_toolkit.api import CemError, Context

POSITIONS_AT_ONCE = 256
"""Positions of which the logits of the whole vocabulary are in memory at once: 268 MB in float32 for 262,144 tokens."""
SLACK = 3
"""Prompts of one batch may differ by so many tokens. Those beyond the shortest are computed once for every
continuation, and beyond three that costs more on a CPU than the batch saves."""

Pairs = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Job:
    """Continuations of one prompt, as token ids. The prompt is not empty, and neither is any continuation."""

    index: int
    """Of the pair."""
    first: int
    """Index of the first of `continuations` among those of the pair."""
    prompt: list[int]
    continuations: list[list[int]]
    cut: bool = False
    """Whether the model's window left something out of the prompt."""

    @property
    def longest(self) -> int:
        return max(map(len, self.continuations))


def score(lm: ReportingLM, pairs: Pairs, ctx: Context) -> list[tuple[float, ...]]:
    """For each (prompt, continuations) the log-likelihood of every continuation, in nats.

    A prompt is a user turn where the run uses the chat template, and the continuation, without the space before it, the
    turn that answers; but for the prompt "", which is the beginning of a text. Prompt and continuation are made tokens
    of as lm-eval does, and cut from the left where they are longer than the model's window. Raises CemError where a
    continuation has no token of its own or is itself too long.
    """
    if ctx.chat_template:
        pairs = [
            (lm.apply_chat_template([{"role": "user", "content": prompt}]), [_turn(each) for each in continuations])
            if prompt
            else ("", continuations)
            for prompt, continuations in pairs
        ]
    count = sum(len(continuations) for _, continuations in pairs)
    with quiet(), ctx.progress("score", count) as step:
        jobs = list(_jobs(lm, pairs))
        reason = _why_not_shared(lm)
        if reason:
            lm.say_once(
                f"score: {reason}: each prompt is computed anew for every continuation, which takes longer", ctx
            )
            return _by_lm_eval(lm, pairs, step, ctx)
        if cut := sum(job.cut for job in jobs):
            ctx.log(f"score: {cut} prompts are longer than the model's {lm.max_length} tokens: cut from the left")
        scores = [[0.0] * len(continuations) for _, continuations in pairs]
        rows = lm.batch_size if isinstance(lm.batch_size, int) else CPU_BATCH
        for batch in _batches(jobs, rows):
            for job, found in zip(batch, _score_batch(lm, batch), strict=True):
                scores[job.index][job.first : job.first + len(found)] = found
                step.advance(len(found))
    return [tuple(row) for row in scores]


def _turn(continuation: str) -> str:
    """As lm-eval, which puts no delimiter between the template and a choice."""
    return continuation.lstrip() or continuation


def _jobs(lm: ReportingLM, pairs: Pairs) -> Iterator[Job]:
    """One for each pair, or where the window cuts its prompt, for each continuation."""
    window = lm.max_length + 1  # the last token is only scored, never read
    for index, (prompt, continuations) in enumerate(pairs):
        encoded = [_encode(lm, prompt, continuation) for continuation in continuations]
        starts = [start for start, _ in encoded]
        if encoded and all(start == starts[0] and len(start) + len(end) <= window for start, end in encoded):
            yield Job(index, 0, starts[0], [end for _, end in encoded])
            continue
        for number, (start, end) in enumerate(encoded):
            if len(end) >= window:
                raise CemError(f"a text of {len(end)} tokens is longer than the model's {lm.max_length}; shorten it")
            cut = len(start) + len(end) > window
            yield Job(index, number, (start + end)[-window : -len(end)], [end], cut)


def _encode(lm: ReportingLM, prompt: str, continuation: str) -> tuple[list[int], list[int]]:
    """As `lm_eval.api.model.TemplateLM.loglikelihood`: together, so that words across the border stay whole."""
    if prompt:
        start, end = lm._encode_pair(prompt, continuation)
    else:
        start, end = [lm.prefix_token_id], lm.tok_encode(continuation, add_special_tokens=False)
        if end[:1] == start:
            end = end[1:]
    if not end:
        raise CemError(f"{continuation!r} has no token of its own after {prompt[-40:]!r}; there is nothing to score")
    return start, end


def _why_not_shared(lm: ReportingLM) -> str:
    """What keeps this model from computing a prompt once for all its continuations, or ""."""
    model = lm.model
    if getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False):
        return "the adapter puts virtual tokens before the prompt"
    network = model.get_base_model() if hasattr(model, "get_base_model") else model
    kind = type(network)
    takes = inspect.signature(kind.forward).parameters.keys()
    if (
        lm.backend != "causal"
        or not kind.__module__.startswith("transformers.")
        or not {"past_key_values", "use_cache", "logits_to_keep"} <= takes
        or getattr(network, "_is_stateful", False)
        or not all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in _cache(lm).layers)
    ):
        return f"{kind.__name__} keeps no cache of keys and values that can be shared"
    return ""


def _cache(lm: ReportingLM) -> Any:
    """Empty, with a layer of the kind that each of the model's layers needs (full or sliding attention)."""
    return DynamicCache(config=lm.model.config)


def _batches(jobs: Sequence[Job], rows: int) -> Iterator[list[Job]]:
    """`jobs` in batches of prompts of nearly one length and about `rows` continuations, the longest first."""
    batch: list[Job] = []
    held = widest = 0
    for job in sorted(jobs, key=lambda job: (len(job.prompt), job.longest), reverse=True):
        held, widest = held + len(job.continuations), max(widest, job.longest)
        full = held > rows or held * (widest + SLACK) > POSITIONS_AT_ONCE
        if batch and (full or len(batch[0].prompt) - len(job.prompt) > SLACK):
            yield batch
            batch, held, widest = [], len(job.continuations), job.longest
        batch.append(job)
    if batch:
        yield batch


@torch.inference_mode()
def _score_batch(lm: ReportingLM, batch: Sequence[Job]) -> list[list[float]]:
    """Log-likelihoods of the continuations of every job.

    What all prompts have at least but for one token goes through the model once for each job, with its keys and values
    kept; the rest once for each continuation, padded on the right, where no token that counts can see it.
    """
    shared = min(len(job.prompt) for job in batch) - 1
    cache = _cache(lm)
    if shared:
        heads = torch.tensor([job.prompt[:shared] for job in batch], device=lm.device)
        lm.model(heads, past_key_values=cache, use_cache=True, logits_to_keep=1)
        owners = [place for place, job in enumerate(batch) for _ in job.continuations]
        cache.batch_select_indices(torch.tensor(owners, device=lm.device))
    rows = [(job.prompt[shared:], end) for job in batch for end in job.continuations]
    totals = iter(_score_rows(lm, rows, cache))
    return [[next(totals) for _ in job.continuations] for job in batch]


def _score_rows(lm: ReportingLM, rows: Sequence[tuple[list[int], list[int]]], cache: Any) -> list[float]:
    """Log-likelihoods of the second part of each row after `cache` and its first part, which is not empty."""
    inputs = [(start + end)[:-1] for start, end in rows]
    length = max(map(len, inputs))
    padded = torch.tensor([ids + [0] * (length - len(ids)) for ids in inputs], device=lm.device)
    totals = [0.0] * len(rows)
    width = max(1, POSITIONS_AT_ONCE // len(rows))
    for left in range(0, length, width):
        logits = lm.model(padded[:, left : left + width], past_key_values=cache, use_cache=True).logits
        for number, (start, end) in enumerate(rows):
            # The logits at one position are about the token at the next.
            first, last = max(left, len(start) - 1), min(left + width, len(inputs[number]))
            if first < last:
                targets = end[first - len(start) + 1 : last - len(start) + 1]
                totals[number] += _log_likelihood(logits[number, first - left : last - left], targets)
    return totals


def _log_likelihood(logits: torch.Tensor, targets: Sequence[int]) -> float:
    """Of `targets` [positions] by `logits` [positions, vocabulary], in float32 whatever the model computes in."""
    exact = logits.float()
    chosen = exact.gather(1, torch.tensor(targets, device=exact.device)[:, None]).squeeze(1)
    return float((chosen - exact.logsumexp(-1)).sum())


def _by_lm_eval(lm: ReportingLM, pairs: Pairs, step: Any, ctx: Context) -> list[tuple[float, ...]]:
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=(prompt, continuation), idx=index)
        for index, (prompt, continuations) in enumerate(pairs)
        for continuation in continuations
    ]
    with warnings_of_lm_eval(ctx.log):
        lm.report_to(step)
        found = iter(lm.loglikelihood(requests) if requests else ())
    return [tuple(next(found)[0] for _ in continuations) for _, continuations in pairs]
