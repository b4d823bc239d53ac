"""Cross entropy of an output layer with a large vocabulary, made for CPUs.

Away from GPUs, TRL's own chunked loss scores every position, padding and prompts too, and does half of its matrix
products in float32. Here only positions with a label are scored, the gradient is worked out at once with the loss
(nothing is computed twice), all products are in the autocast format, and both the layer's copies in that format and
element-wise work stay in pieces.
"""

import itertools
from typing import Any, cast

import torch

LOGIT_BYTES = 2**27
"""Memory for logits at most: 256 positions of a vocabulary of 262,144 in bfloat16."""
BLOCK = 2**15
"""Words of the vocabulary whose weights are taken at once: 40 MiB of width 640 in bfloat16."""
TILE_ELEMENTS = 2**17
"""Logits in float32 at once: half a MiB, which stays in the cache, and of which the C library keeps the memory."""


class HeadLoss(torch.autograd.Function):
    """Sum of the cross entropies of `hidden @ weight.T` against `targets`, times `scale`: a float32 scalar, in nats.

    hidden: (positions, width); weight: (vocabulary, width), a parameter; targets: (positions,), ids.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, scale: float
    ) -> torch.Tensor:
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        total = torch.zeros((), dtype=torch.float64)
        grad_hidden = torch.zeros(hidden.shape)
        grad_weight = torch.zeros_like(weight, dtype=weight.grad_dtype) if ctx.needs_input_grad[1] else None
        at_once = max(1, LOGIT_BYTES // (len(weight) * dtype.itemsize))
        # One buffer for all blocks: the system takes longer to give fresh memory than it takes to fill it.
        copies = torch.empty(min(BLOCK, len(weight)), weight.shape[1], dtype=dtype)

        def words(block: slice) -> torch.Tensor:
            wanted = weight[block]
            return wanted if wanted.dtype == dtype else copies[: len(wanted)].copy_(wanted)

        for positions in slices(len(targets), at_once):
            states = hidden[positions].to(dtype)
            # Words by positions, so that a block of words lies in one piece.
            logits = torch.empty(len(weight), len(states), dtype=dtype)
            for block in slices(len(weight), BLOCK):
                torch.mm(words(block), states.t(), out=logits[block])
            total += _loss_leaving_gradient(logits, targets[positions], scale)
            for block in slices(len(weight), BLOCK):
                grad_hidden[positions] += logits[block].t() @ words(block)
                if grad_weight is not None:
                    _add_product(grad_weight[block], logits[block], states)
        ctx.gradients = grad_hidden.to(hidden.dtype), grad_weight
        ctx.weight = weight
        return total.float()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        grad_hidden, grad_weight = ctx.gradients
        ctx.gradients = None
        if grad_weight is not None:
            # Not returned: where embeddings are tied, autograd would add their gradient into a copy of this one.
            grad_weight.mul_(grads[0])
            ctx.weight.grad = grad_weight if ctx.weight.grad is None else ctx.weight.grad.add_(grad_weight)
        return grad_hidden.mul_(grads[0]), None, None, None


def _add_product(total: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Adds `left @ right` to `total`, without a temporary where the formats allow it."""
    if total.dtype == left.dtype:
        total.addmm_(left, right)
    else:
        total += left @ right


def _loss_leaving_gradient(logits: torch.Tensor, targets: torch.Tensor, scale: float) -> torch.Tensor:
    """The loss's sum times `scale`, while `logits` (vocabulary, positions) become its gradient."""
    rows = max(1, TILE_ELEMENTS // logits.shape[1])
    tiles = slices(len(logits), rows)
    normaliser = torch.stack([logits[tile].float().logsumexp(0) for tile in tiles]).logsumexp(0)
    wanted = targets, torch.arange(len(targets))
    scores = logits[wanted].float()
    for tile in tiles:
        logits[tile] = logits[tile].float().sub_(normaliser).exp_().mul_(scale)
    # From the scores: of a word that is nearly sure, the probability's distance to 1 is lost in bfloat16.
    logits[wanted] = (scores - normaliser).expm1_().mul_(scale).to(logits.dtype)
    return (normaliser - scores).sum(dtype=torch.float64) * scale


def slices(length: int, most: int) -> list[slice]:
    """`range(length)` in consecutive slices of at most `most`."""
    bounds = [*range(0, length, most), length]
    return [slice(start, end) for start, end in itertools.pairwise(bounds)]


def head_loss(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, scale: float) -> torch.Tensor:
    """`HeadLoss` as a function."""
    return cast(torch.Tensor, HeadLoss.apply(hidden, weight, targets, scale))  # type: ignore[no-untyped-call]
