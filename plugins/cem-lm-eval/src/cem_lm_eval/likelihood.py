"""The log-likelihood of continuations, as lm-eval has them."""

from typing import Any

from cem_lm_eval.quiet import quiet, warnings_of_lm_eval
from cem_lm_eval.reporting import Pairs, Tokenized
from cem_toolkit.api import CemError, Context


def score(lm: Any, pairs: Pairs, ctx: Context) -> list[tuple[float, ...]]:
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
    every = [(prompt, each) for prompt, continuations in pairs for each in continuations]
    with lm.encoding(every):
        requests = [_tokenized(lm, prompt, each) for prompt, each in every]
    with quiet(), warnings_of_lm_eval(ctx.log, lm.secret), ctx.progress("score", len(requests)) as step:
        lm.report_to(step, ctx)
        found = iter(lm._loglikelihood_tokens(requests) if requests else ())
    return [tuple(next(found)[0] for _ in continuations) for _, continuations in pairs]


def _turn(continuation: str) -> str:
    """As lm-eval, which puts no delimiter between the template and a choice."""
    return continuation.lstrip() or continuation


def _tokenized(lm: Any, prompt: str, continuation: str) -> Tokenized:
    """As `lm_eval.api.model.TemplateLM.loglikelihood`: together, so that words across the border stay whole."""
    if prompt:
        start, end = lm._encode_pair(prompt, continuation)
    else:
        start, end = [lm.prefix_token_id], lm.tok_encode(continuation, add_special_tokens=False)
        if end[:1] == start:
            end = end[1:]
    if not end:
        raise CemError(f"{continuation!r} has no token of its own after {prompt[-40:]!r}; there is nothing to score")
    if len(end) > lm.max_length:
        raise CemError(f"a text of {len(end)} tokens is longer than the model's {lm.max_length}; shorten it")
    return (prompt, continuation), start, end
