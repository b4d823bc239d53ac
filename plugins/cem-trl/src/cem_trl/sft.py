"""TRL's SFTTrainer as this trainer uses it."""

from typing import Any

import torch
from trl import SFTTrainer

from cem_trl.encoding import IGNORED
from cem_trl.head_loss import head_loss

OWN_HEADS = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""Settings by which some architectures change their logits; TRL's loss knows them all."""


class Sft(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer with a loss that is fast on CPUs; on other devices and for uncommon output layers, TRL's own."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean loss over all labels of the optimiser step, in nats per token."""
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        if return_outputs or num_items_in_batch is None or not _is_plain_on_cpu(inner):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"][:, 1:]
        predicted = labels != IGNORED
        with self.accelerator.autocast():
            states = inner.base_model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
            ).last_hidden_state[:, :-1]
            scale = 1.0 / max(float(num_items_in_batch), 1.0)
            return head_loss(states[predicted], inner.get_output_embeddings().weight, labels[predicted], scale)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """No card beside checkpoints: the run's own records say how the model was made."""

    def _send_telemetry(self) -> None:
        """A run tells nobody."""


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
