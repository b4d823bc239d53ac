"""TRL's SFTTrainer as this trainer uses it."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from trl import SFTTrainer

from cem_trl.anchor import Anchor
from cem_trl.encoding import IGNORED, Example
from cem_trl.hardware import release_memory
from cem_trl.head_loss import head_loss
from cem_trl.method import Method, save_state
from cem_trl.padding import runs
from cem_trl.together import wait_for_all

OWN_HEADS = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""Settings by which some architectures change their logits; TRL's loss knows them all."""

RELEASES = 8
"""How often in a backward pass free memory is given back to the system."""


class Sft(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer with a loss that is fast on CPUs; on other devices and for uncommon output layers, TRL's own."""

    anchor: Anchor | None = None
    kl = 0.0
    """What the divergence of `anchor` counts in the loss."""
    divergence: float | None = None
    """From the starting model at the last step, in nats a token."""
    steps = 0
    """Of the optimiser, in all."""
    method: Method | None = None
    """What works out the gradients of a step, of which there is one batch, instead of the loss on its rows."""
    order: Sequence[Example] = ()
    """All examples, for the method."""
    _anchored = -1

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean loss over all labels of the optimiser step, in nats per token, and once a step the divergence."""
        loss = self._cross_entropy(model, inputs, return_outputs, num_items_in_batch)
        step = self.state.global_step
        if self.anchor is None or not model.training or step == self._anchored:
            return loss
        self._anchored = step
        divergence = self.anchor.divergence(model, step)
        self.divergence = float(divergence.detach())
        return loss + self.kl * divergence

    def _cross_entropy(self, model: Any, inputs: dict[str, Any], return_outputs: bool, num_items_in_batch: Any) -> Any:
        if self.accelerator.num_processes > 1:
            # Ours goes past what gathers the processes' gradients. Outside training TRL's factor for their mean goes.
            loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            return loss if model.training else loss / self.accelerator.num_processes
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        if return_outputs or num_items_in_batch is None or not _is_plain_on_cpu(inner):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"][:, 1:]
        predicted = labels != IGNORED
        # Copies that autocast keeps would stay until the forward pass ends, which is for nothing where activations, and
        # so copies, are made again in the backward pass. Where they are not, ours are taken.
        kept = self.args.bf16 and not self.args.gradient_checkpointing
        with torch.autocast("cpu", torch.bfloat16, enabled=self.args.bf16, cache_enabled=False):
            weights = dict(_in_bfloat16(inner)) if kept else {}
            states = torch.cat(list(_states(inner, weights, inputs, predicted)))
            if self.args.gradient_checkpointing:
                release_memory()
            scale = 1.0 / max(float(num_items_in_batch), 1.0)
            return head_loss(states, inner.get_output_embeddings().weight, labels[predicted], scale)

    # cuDNN's attention first plans for tens of milliseconds whenever a batch has a new shape, as nearly every one has.
    @sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])
    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """TRL's own, or the method's."""
        if self.method is None:
            return super().training_step(*args, **kwargs)  # type: ignore[no-any-return]
        model, number, size = args[0], self.state.global_step, self.args.per_device_train_batch_size
        model.train()
        with self.compute_loss_context_manager():
            loss = self.method.step(model, self.order[number * size : (number + 1) * size], number)
        if loss.requires_grad:
            self.accelerator.backward(loss)
        return loss.detach()

    def create_accelerator_and_postprocess(self) -> None:
        """transformers' own. accelerate knows FSDP on GPUs alone; on CPUs, where PyTorch has it too, it is told."""
        super().create_accelerator_and_postprocess()
        state = self.accelerator.state
        if self.args.fsdp_plugin_args is not None and state.distributed_type == DistributedType.MULTI_CPU:
            from accelerate.utils import FullyShardedDataParallelPlugin

            state.fsdp_plugin = FullyShardedDataParallelPlugin(**self.args.fsdp_plugin_args)
            if self.args.bf16:
                state.fsdp_plugin.set_mixed_precision("bf16")
            state.distributed_type = PartialState().distributed_type = DistributedType.FSDP
            self.is_fsdp_enabled = True

    def _save_rng_state(self, output_dir: str) -> None:
        """transformers' own. The first process ends a checkpoint, and removes the one before, when all wrote theirs."""
        super()._save_rng_state(output_dir)
        if self.method is not None:
            save_state(self.method, output_dir)
        wait_for_all()

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """No card beside checkpoints: the run's own records say how the model was made."""

    def _send_telemetry(self) -> None:
        """A run tells nobody."""


class _ToBFloat16(torch.autograd.Function):
    """A copy of a weight in bfloat16, whose gradient is left in bfloat16, too: of PyTorch's own copies it becomes
    float32, and what `keep_gradients_small` asks for only then."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor) -> torch.Tensor:
        return weight.to(torch.bfloat16)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return grads[0]


def _in_bfloat16(inner: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Copies of the trained matrices of the layers, by name: one for all runs of a micro-batch."""
    embedded = inner.get_input_embeddings().weight
    for name, weight in inner.base_model.named_parameters():
        if weight.requires_grad and weight.dim() == 2 and weight is not embedded:
            yield name, _ToBFloat16.apply(weight)  # type: ignore[no-untyped-call]


def _states(
    inner: Any, weights: dict[str, torch.Tensor], inputs: dict[str, Any], predicted: torch.Tensor
) -> Iterator[torch.Tensor]:
    """The last layer's states, (tokens, width), at the places that predict a token with loss, in order of the rows.

    `weights` are taken in the place of the layers' own of these names.
    """
    for rows, length in runs(inputs["attention_mask"].sum(1).tolist()):
        given = {name: inputs[name][rows, :length] for name in ("input_ids", "attention_mask")}
        output = functional_call(inner.base_model, weights, kwargs={**given, "use_cache": False})
        yield output.last_hidden_state[:, :-1][predicted[rows, : length - 1]]


def keep_gradients_small(model: Any, mixed: bool, release: bool) -> None:
    """Has gradients held in the format in which they are computed, and those of embedded tokens alone as rows.

    Under autocast a weight's gradient is worked out in bfloat16; what copies it to float32 only doubles its size. Rows
    of tied embeddings are added into the output layer's gradient, in place of a second matrix of that size. With
    `release`, what the backward pass no longer needs is given back in between, or the C library keeps some hundred MB
    in gaps; it takes time to get it again.
    """
    if mixed:
        for parameter in model.parameters():
            if parameter.requires_grad and parameter.dim() == 2:
                parameter.grad_dtype = torch.bfloat16
    trained = [each for each in model.parameters() if release and each.requires_grad and each.device.type == "cpu"]
    for parameter in trained[:: max(1, len(trained) // RELEASES)]:
        parameter.register_post_accumulate_grad_hook(lambda _: release_memory())
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    if embeddings.weight.requires_grad and embeddings.weight is head.weight and _is_plain_on_cpu(model):
        embeddings.sparse = True


def _is_plain_on_cpu(model: Any) -> bool:
    """Whether `model`'s logits are nothing but its hidden states times its output layer's weights, on a CPU."""
    head, config = model.get_output_embeddings(), model.config.get_text_config()
    return (
        isinstance(head, torch.nn.Linear)
        and head.bias is None
        and head.weight.device.type == "cpu"
        and not getattr(config, "output_router_logits", False)
        and all(getattr(config, name, None) is None for name in OWN_HEADS)
    )
