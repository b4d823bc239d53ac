"""L2L against hand-made updates of the same block of the small model.

    python benchmarks/related/l2l.py

Which field of the World Factbook is a text from? Each of four rounds has three fields of one section; the tests, of
other countries, ask for any of the twelve. Every variant changes the same twelve thousand weights of the last layer in
the same steps on the same rows, and nothing is seen again. All are tried with three learning rates each; that of
the learned optimiser bounds what a weight changes in a step. It was meta-trained on tasks of Wikipedia's summaries
(`l2l_meta.py`).
"""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean
from typing import Any, ClassVar, Literal

import torch
from rounds import passed_on, share_right, through
from streams import fields_by_section
from trying import Claim, Figures, arguments, try_all

from cem_continual.counting import token_loss
from cem_continual.l2l import LEARNED, L2l, L2lOptions
from cem_continual.l2l_method import Learned
from cem_continual.learned import Updates
from cem_toolkit.api import Context, Options, Trainer, file_hash
from cem_trl.encoding import Example

USUAL: dict[str, Any] = {"epochs": 4, "batch_size": 8, "size": 12288}
"""By a third of the weights and half the steps no variant learns much of the questions (seed 0)."""


class Block(Learned):
    """The same block by the optimiser's own steps: only its weights have a gradient."""

    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        loss = token_loss(model, examples)
        (found,) = torch.autograd.grad(loss, self._matrix)
        self._matrix.grad = torch.zeros_like(self._matrix)
        self._matrix.grad[self._part] = found[self._part]
        return loss.detach()


class ByAdamW(Block):
    optimizer: ClassVar[Literal["adamw", "sgd"]] = "adamw"


class SameBlock(L2l):
    """As `l2l`, but for what steps are."""

    by: ClassVar[type[Block]] = Block

    def method(self, ctx: Context) -> Block:
        return self.by(self.options, Updates())


class Sgd(SameBlock):
    name, version = "sgd", "1"


class AdamW(SameBlock):
    name, version = "adamw", "1"
    by = ByAdamW


RATES: dict[type[SameBlock], tuple[float, ...]] = {Sgd: (3.0, 10.0, 30.0), AdamW: (3e-3, 1e-2, 3e-2)}
SLOWER = (0.1, 0.2)
"""Bounds of the learned optimiser's updates, besides the usual one, 0.5."""
OTHERS = {f"{made.name} {rate:g}": (made, {**USUAL, "learning_rate": rate}) for made in RATES for rate in RATES[made]}
VARIANTS: dict[str, tuple[type[Trainer], dict[str, Any]]] = {
    "l2l": (L2l, USUAL),
    "l2l, every weight": (L2l, {**USUAL, "selected": 1.0}),
    "l2l, nothing held": (L2l, {**USUAL, "constraint": 1.0}),
    **{f"l2l {bound:g}": (L2l, {**USUAL, "learning_rate": bound}) for bound in SLOWER},
    **OTHERS,
}
PAPER = "arXiv 2408.03219"
FAST = "it learns and forgets like the fastest of these, by smaller steps too; slower ones learn less and keep more"
CLAIMS = [
    *(
        Claim(
            f"accuracy on all tasks is higher than that of hand-made updates ({PAPER})",
            "average performance",
            "l2l",
            other,
            reason=FAST,
        )
        for other in OTHERS
    ),
    *(
        Claim(f"less is forgotten than by hand-made updates ({PAPER})", "backward transfer", "l2l", other, reason=FAST)
        for other in OTHERS
    ),
    Claim(
        f"selection is needed ({PAPER}, ablation)",
        "average performance",
        "l2l",
        "l2l, every weight",
        reason="by either nearly all of earlier rounds is forgotten",
    ),
    Claim(
        f"less is forgotten where what was selected before counts less ({PAPER})",
        "backward transfer",
        "l2l",
        "l2l, nothing held",
        reason="such a gradient counts four fifths at first and soon in full: little is held by that",
    ),
]


def tried(trainer: type[Trainer], options: dict[str, Any], seed: int) -> Figures:
    rounds = list(fields_by_section(seed))
    answers, _ = through(trainer, options, rounds, "Field", seed)
    shares = [list(map(share_right, after, [tests for _, tests in rounds])) for after in answers]
    return {**passed_on(shares), "learnt": fmean(after[number] for number, after in enumerate(shares[1:]))}


if __name__ == "__main__":
    given = arguments(__doc__, "l2l")
    variants: dict[str, Callable[[int], Figures]] = {name: partial(tried, *each) for name, each in VARIANTS.items()}
    defaults: Options = L2lOptions()
    about = {
        "learned": file_hash(LEARNED),
        "defaults": defaults.model_dump(
            mode="json", include={"block", "size", "learning_rate", "selected", "constraint"}
        ),
        "options": {name: each for name, (_, each) in VARIANTS.items()},
    }
    try_all(variants, CLAIMS, given, about)
