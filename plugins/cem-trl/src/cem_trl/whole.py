"""The trained model in one process, whatever was divided among several."""

from typing import Any

from cem_toolkit.api import Context
from cem_trl.layout import Layout
from cem_trl.models import load_model, lora_config
from cem_trl.options import TrlOptions
from cem_trl.together import is_first


def whole_model(trainer: Any, options: TrlOptions, ctx: Context, precision: str, layout: Layout) -> Any:
    """The model with all its weights, in the first process; None in others where weights are divided. All must ask."""
    if not layout.sharded:
        return trainer.model
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if not is_first():
        return None
    model = load_model(ctx, options, precision)
    if options.method == "lora" and not hasattr(model, "peft_config"):
        from peft import get_peft_model

        model = get_peft_model(model, lora_config(options))
    model.load_state_dict(weights)
    return model
