"""Two gradients that do not work against each other.

After LTU (learning to unlearn, arXiv 2407.10494): where the gradients of remembering and of forgetting conflict, the
conflicting part is projected away. The projection is that of PCGrad (arXiv 2001.06782); which of the two gives way is
not known from LTU's abstract, and an option here.
"""

from collections.abc import Sequence
from typing import Literal

import torch

Side = Literal["forget", "remember", "both", "none"]
"""Which gradient gives way."""
Gradient = Sequence[torch.Tensor]


def product(one: Gradient, other: Gradient) -> torch.Tensor:
    """The inner product of two gradients, over all their tensors."""
    return torch.stack([(a * b).sum() for a, b in zip(one, other, strict=True)]).sum()


def without(one: Gradient, other: Gradient) -> Gradient:
    """`one` without its part against `other`: as it is where they do not conflict."""
    against = product(one, other)
    if against >= 0:
        return one
    share = against / product(other, other)
    return [a - share * b for a, b in zip(one, other, strict=True)]


def harmonised(remember: Gradient, forget: Gradient, side: Side = "forget") -> tuple[Gradient, Gradient]:
    """Both gradients, whose product is then not below 0 but with "none"."""
    return (
        without(remember, forget) if side in ("remember", "both") else remember,
        without(forget, remember) if side in ("forget", "both") else forget,
    )
