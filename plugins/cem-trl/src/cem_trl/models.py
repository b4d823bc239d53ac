"""The starting model: its tokenizer, its weights and adapters, ready to be trained."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM

from cem_toolkit.api import CemError, Context, Model, load_tokenizer, parse_json
from cem_trl.options import TrlOptions


def usable_tokenizer(ctx: Context) -> Any:
    """The model's tokenizer. Raises CemError where it cannot be read, or lacks what training needs."""
    path = ctx.model.path
    if not (path / "config.json").is_file():
        raise CemError(f"{path} holds no model: there is no config.json")
    try:
        tokenizer = load_tokenizer(path)
    except Exception as error:  # readers of many formats, each with its own errors
        raise CemError(f"the tokenizer in {path} cannot be read: {error}") from error
    if tokenizer.eos_token_id is None:
        raise CemError(
            f"the tokenizer in {path} has no end-of-sequence token: name one as eos_token in its configuration"
        )
    if ctx.chat_template and not tokenizer.chat_template:
        raise CemError(
            f"the tokenizer in {path} has no chat template: run without the chat template, or take another model"
        )
    return tokenizer


def continues_adapter(options: TrlOptions, model: Model) -> bool:
    """Whether training goes on with the model's own adapter, instead of merging it first."""
    return model.adapter is not None and options.method == "lora" and not options.merge


def check_adapter(options: TrlOptions, model: Model) -> None:
    """Raises CemError where the adapter to go on with is not the one that the options describe."""
    if model.adapter is None or not continues_adapter(options, model):
        return
    try:
        config = parse_json((model.adapter / "adapter_config.json").read_text("utf-8"))
        if not isinstance(config, dict):
            raise ValueError("it is no object")
    except (OSError, ValueError) as error:
        raise CemError(f"the adapter in {model.adapter} cannot be read: {error}") from error
    for option, wished, found in (
        ("lora_rank", options.lora_rank, config.get("r")),
        ("lora_alpha", options.lora_alpha, config.get("lora_alpha")),
    ):
        if wished != found:
            raise CemError(
                f"the adapter in {model.adapter} has {option} {found}, the options say {wished}: "
                f"set {option} to {found}, or merge adapters (merge: true)"
            )


def load_model(ctx: Context, options: TrlOptions, precision: str) -> Any:
    """The model as training starts from it: plain, or with the adapter that is to be trained on.

    All weights that are trained are float32, unless `precision` is bfloat16: updates are often smaller than what
    bfloat16 can tell apart. Frozen ones keep the format that they have on disk.
    """
    frozen = options.method == "lora"
    formats: Any = {"bfloat16": torch.bfloat16, "float32": torch.float32, "mixed": "auto" if frozen else torch.float32}
    model = _read(ctx.model.path, formats[precision])
    if ctx.model.adapter is None:
        return model
    if continues_adapter(options, ctx.model):
        return with_adapter(model, ctx.model.adapter, trainable=True)
    # PEFT froze the weights; which of them are trained is said later.
    merged = with_adapter(model.float(), ctx.model.adapter).merge_and_unload().requires_grad_(True)
    return merged.to(torch.bfloat16) if precision == "bfloat16" else merged


def load_start(ctx: Context) -> Any:
    """The model that training starts from, in the format that it has on disk, with its adapter merged."""
    model = _read(ctx.model.path, stored_dtype(ctx.model.path))
    return model if ctx.model.adapter is None else with_adapter(model.float(), ctx.model.adapter).merge_and_unload()


def freeze_embeddings(model: Any, frozen: torch.dtype | None) -> None:
    """Keeps the token embeddings and the output layer out of training, in the format `frozen` if one is given.

    What the layers above them see stays in the format that it had.
    """
    embeddings = model.get_input_embeddings()
    seen = embeddings.weight.dtype
    for layer in (embeddings, model.get_output_embeddings()):
        layer.requires_grad_(False).to(frozen)
    if frozen not in (None, seen):
        embeddings.register_forward_hook(lambda layer, inputs, output: output.to(seen))


def with_adapter(model: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """`model` under the PEFT adapter in the folder `adapter`."""
    from peft import PeftModel

    return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable, local_files_only=True)


def lora_config(options: TrlOptions) -> Any:
    """PEFT's configuration for the adapters of `options`."""
    from peft import LoraConfig

    targets = [name.strip() for name in options.lora_targets.split(",") if name.strip()]
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=options.lora_rank,
        lora_alpha=options.lora_alpha,
        lora_dropout=options.lora_dropout,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
    )


def stored_dtype(path: Path) -> torch.dtype:
    """The format of the weights of the model in the folder `path`: that of most of its numbers."""
    count = _numbers_by_format(path)
    names = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    most = max(count, key=lambda name: count[name], default="")
    if most not in names:
        raise CemError(f"{path} holds no safetensors weights in float32, float16 or bfloat16 that could be trained")
    return names[most]


def stored_numbers(path: Path) -> int:
    """How many numbers the weights of the model in the folder `path` are."""
    return sum(_numbers_by_format(path).values())


def _numbers_by_format(path: Path) -> Counter[str]:
    count: Counter[str] = Counter()
    try:
        for file in sorted(path.glob("*.safetensors")):
            with safe_open(file, "pt") as weights:
                for name in weights.keys():  # noqa: SIM118 (not a mapping)
                    tensor = weights.get_slice(name)
                    count[tensor.get_dtype()] += math.prod(tensor.get_shape())
    except (OSError, SafetensorError) as error:
        raise CemError(f"the weights in {path} cannot be read: {error}") from error
    return count


def _read(path: Path, dtype: Any) -> Any:
    try:
        return AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise CemError(f"the model in {path} cannot be loaded: {error}") from error
