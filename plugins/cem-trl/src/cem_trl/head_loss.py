"""Cross entropy of an output layer with a large vocabulary, made for CPUs.

Away from GPUs, TRL's own chunked loss scores every position, padding and prompts too, and does half of its matrix
products in float32. Here only positions with a label are scored, the gradient is worked out at once with the loss
(nothing is computed twice), all products are in the autocast format, and element-wise work stays in pieces that fit
the cache.
"""

from typing import Any, cast

import torch

LOGIT_BYTES = 2**29
"""Memory for logits at most: 1,024 positions of a vocabulary of 262,144 in bfloat16."""
TILE_ELEMENTS = 2**22


class HeadLoss(torch.autograd.Function):
    """Sum of the cross entropies of `hidden @ weight.T` against `targets`, times `scale`: a float32 scalar, in nats.

    hidden: (positions, width); weight: (vocabulary, width); targets: (positions,), ids.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, scale: float
    ) -> torch.Tensor:
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        head = weight.to(dtype)
        total = torch.zeros((), dtype=torch.float64)
        grad_hidden = torch.empty_like(hidden)
        grad_weight: torch.Tensor | None = None
        chunk = max(1, LOGIT_BYTES // (len(weight) * dtype.itemsize))
        for start in range(0, len(targets), chunk):
            positions = slice(start, start + chunk)
            states = hidden[positions].to(dtype)
            logits = states @ head.t()
            total += _loss_leaving_gradient(logits, targets[positions], scale)
            grad_hidden[positions] = logits @ head
            if ctx.needs_input_grad[1]:
                part = (logits.t() @ states).float()
                grad_weight = part if grad_weight is None else grad_weight.add_(part)
        ctx.gradients = grad_hidden, None if grad_weight is None else grad_weight.to(weight.dtype)
        return total.float()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, None, None]:
        grad_hidden, grad_weight = ctx.gradients
        ctx.gradients = None
        return grad_hidden.mul_(grads[0]), None if grad_weight is None else grad_weight.mul_(grads[0]), None, None


def _loss_leaving_gradient(logits: torch.Tensor, targets: torch.Tensor, scale: float) -> torch.Tensor:
    """The loss's sum times `scale`, while `logits` (positions, vocabulary) become its gradient."""
    total = torch.zeros((), dtype=torch.float64)
    rows = max(1, TILE_ELEMENTS // logits.shape[1])
    for tile, target in zip(torch.split(logits, rows), torch.split(targets, rows), strict=True):
        scores, wanted = tile.float(), target.unsqueeze(1)
        normaliser = scores.logsumexp(1, keepdim=True)
        total += (normaliser - scores.gather(1, wanted)).sum()
        gradient = scores.sub_(normaliser).exp_()
        gradient.scatter_add_(1, wanted, torch.full_like(normaliser, -1.0))
        tile.copy_(gradient.mul_(scale))
    return total * scale


def head_loss(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, scale: float) -> torch.Tensor:
    """`HeadLoss` as a function."""
    return cast(torch.Tensor, HeadLoss.apply(hidden, weight, targets, scale))  # type: ignore[no-untyped-call]
