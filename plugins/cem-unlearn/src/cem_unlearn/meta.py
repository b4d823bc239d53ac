"""A step that is judged by what a step of unlearning leads to, after LTU (learning to unlearn, arXiv 2407.10494).

- meta-tune: a step of unlearning on texts to be unlearnt is tried, from the weights w to w', and kept differentiable;
- meta-test: remembering, the loss of w' on remaining texts, and forgetting, how surely small membership-inference
  models take the texts for members by their losses under w';
- meta-update: the gradients of both with regard to w, harmonised and added up, are the step's gradient.

The abstract has these three, the membership feedback and the harmonising. All else is reconstructed: what the
membership models are and when forgetting is enough; that the step is tried against one half of them and judged by the
other; that w' is thrown away, and that what it was tried for counts in the update as much as what it was judged by, as
in MLDG (arXiv 1710.03463); how is projected.
"""

import random
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from cem_toolkit.api import CemError, Context
from cem_trl.encoding import Encoder, Example
from cem_trl.passes import example_means, predictions
from cem_unlearn.attacks import Attack, features, fit_attacks, mean_loss
from cem_unlearn.forget import encode_items, examples, items, read_items
from cem_unlearn.harmony import harmonised, product
from cem_unlearn.reading import asked
from cem_unlearn.rounds import Endless
from cem_unlearn.text_loss import limit
from cem_unlearn.unlearning import Unlearning

if TYPE_CHECKING:
    from cem_unlearn.ltu import LtuOptions

Weights = Mapping[str, torch.Tensor]
READ = 8
"""Texts in one pass, where losses alone are wanted."""


class LearningToUnlearn(Unlearning):
    """Sets the gradients of each step by itself."""

    options: "LtuOptions"
    attacks: Sequence[Attack] = ()

    def __init__(self, options: "LtuOptions", ctx: Context) -> None:
        super().__init__(options)
        self._conflicts = self._steps = 0
        self._unseen = read_items(ctx.config_folder / options.unseen, "unseen") if options.unseen else []

    def schedule(self, ctx: Context) -> list[Example]:
        """In each step as many texts to be unlearnt, first, as remaining ones."""
        chance = random.Random(f"{ctx.seed}/ltu")  # noqa: S311 (not for secrets)
        self._remaining = chance.sample(self.retained, min(self.options.remaining, len(self.retained)))
        self._forgetting = self.options.batch_size // 2
        steps = self.options.epochs * -(-len(self.forget) // self._forgetting)
        forget, kept = Endless(examples(self.forget), chance), Endless(examples(self._remaining), chance)
        rest = self.options.batch_size - self._forgetting
        return [each for _ in range(steps) for each in forget.take(self._forgetting) + kept.take(rest)]

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        """Fits the membership-inference models: by the losses of `model` as it is on texts that it knows, those to be
        unlearnt and the remaining ones, and on others."""
        super().begin(model, encoder, ctx)
        self._limit = limit(self.options.limit, model)
        if self.options.feedback == "membership":
            ends = set(encoder.tokenizer.all_special_ids)
            unseen = encode_items(self._unseen, encoder)
            known = [*self.forget, *items([(each.row, [each.example]) for each in self._remaining], ends)]
            members, others = (self._read(model, examples(texts)) for texts in (known, unseen))
            self.attacks = fit_attacks(members, others, self.options.attacks, ctx.seed)
            if not self.attacks:
                raise CemError(
                    "trainer.unseen: its texts have no more loss than those that the model knows, so nothing tells "
                    "members; take others, like those to unlearn, or feedback: loss"
                )

    # No other way of attention has gradients of gradients.
    @sdpa_kernel(SDPBackend.MATH)
    def step(self, model: Any, examples: Sequence[Example], number: int) -> torch.Tensor:
        forget, remaining = examples[: self._forgetting], examples[self._forgetting :]
        weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        # Which half tries and which one judges changes from step to step.
        one, other = self.attacks[number % 2 :: 2], self.attacks[(number + 1) % 2 :: 2]
        tuning = self.forgetting(model, forget, one or other)
        tried = _With(model, self.tried(weights, tuning))
        testing = self.forgetting(tried, forget, other or one)
        remembering = self.remembering(tried, remaining)
        forgetting = self.options.forget_weight * (tuning + testing) / 2
        gradients = partial(torch.autograd.grad, inputs=list(weights.values()), retain_graph=True)
        kept, gone = gradients(remembering), gradients(forgetting)
        self._steps += 1
        self._conflicts += bool(product(kept, gone) < 0)
        for weight, *both in zip(weights.values(), *harmonised(kept, gone, self.options.harmonise), strict=True):
            weight.grad = sum(both)
        return (remembering + forgetting).detach()

    def tried(self, weights: Weights, tuning: torch.Tensor) -> Weights:
        """Meta-tune: the weights after a step down the loss `tuning`, as a function of `weights`."""
        if not self.options.inner_learning_rate:
            return weights
        whole = not self.options.first_order
        gradients = torch.autograd.grad(tuning, list(weights.values()), create_graph=whole, retain_graph=True)
        return {
            name: weight - self.options.inner_learning_rate * gradient
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
        }

    def remembering(self, model: Any, texts: Sequence[Example]) -> torch.Tensor:
        """The mean loss of `texts`."""
        return example_means(*_losses(model, texts), len(texts)).mean()

    def forgetting(self, model: Any, texts: Sequence[Example], attacks: Sequence[Attack]) -> torch.Tensor:
        """How surely `attacks` take `texts` for members; or the loss of `texts`, up to the limit, the other way up."""
        losses, rows = _losses(model, texts)
        if self.options.feedback == "loss":
            return -example_means(losses, rows, len(texts)).clamp(max=self._limit).mean()
        return mean_loss(attacks, features(losses, rows, len(texts)))

    def state(self) -> Mapping[str, torch.Tensor]:
        return {"steps": torch.tensor(self._steps), "conflicts": torch.tensor(self._conflicts)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._steps, self._conflicts = int(state["steps"]), int(state["conflicts"])

    def end(self, model: Any) -> Mapping[str, Any]:
        """With `conflicts`, the share of steps whose gradients were against each other."""
        return {**super().end(model), "conflicts": round(self._conflicts / max(1, self._steps), 4)}

    def _read(self, model: Any, texts: Sequence[Example]) -> torch.Tensor:
        """The features of `texts`, as `model` is asked and not trained."""
        parts = [texts[start : start + READ] for start in range(0, len(texts), READ)]
        with asked(model, self.options):
            return torch.cat([features(*_losses(model, part), len(part)) for part in parts])


class _With:
    """A model with other weights in the place of its own."""

    def __init__(self, model: Any, weights: Weights) -> None:
        self._model, self._weights, self.device = model, dict(weights), model.device

    def __call__(self, **inputs: Any) -> Any:
        return functional_call(self._model, self._weights, kwargs=inputs)


def _losses(model: Any, texts: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """The losses of all tokens, row by row, and the number of each one's text."""
    logits, tokens, rows = predictions(model, texts)
    return torch.nn.functional.cross_entropy(logits, tokens, reduction="none"), rows
