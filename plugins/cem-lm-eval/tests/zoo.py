"""Models of many architectures, each of some thousand random weights, and lm-eval's own class to ask them by."""

from pathlib import Path
from typing import Any

import torch
import transformers
from lm_eval.models.huggingface import HFLM

from cem_toolkit.api import Model

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    # Large enough for each token to change what follows.
    "initializer_range": 0.5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
HYBRID = {"head_dim": 8, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"] * 2}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "Llama": {},
    "Qwen2": {},
    "Qwen3": {"head_dim": 8},
    "Mistral": {"sliding_window": 8},
    "Gemma2": HYBRID | {"query_pre_attn_scalar": 8, "final_logit_softcapping": 3.0},
    "Gemma3": HYBRID | {"query_pre_attn_scalar": 8},
    "Cohere": {"logit_scale": 0.25},
    "Granite": {"logits_scaling": 4.0},
    "GPTNeoX": {},
    "Phi": {},
    "Olmo2": {},
    "GPT2": {"n_embd": 32, "n_layer": 4, "n_head": 4, "n_positions": 512},
}
"""Those that read a prompt once for all its continuations, with what each wants besides SMALL."""
OTHERS = {"Mamba": {"state_size": 4}, "Bloom": {"n_layer": 2, "n_head": 4}}
"""Those that cannot: one keeps a state in place of keys and values, one counts positions by the mask."""
CONFIGS = {"Gemma3": "Gemma3TextConfig"}
MODELS = {"GPT2": "GPT2LMHeadModel"}


def make_model(name: str, folder: Path, tiny: Model) -> Model:
    """A causal model of the architecture `name`, with the tokenizer of `tiny`."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny.path)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    settings = SMALL | ARCHITECTURES.get(name, OTHERS.get(name, {})) | {"vocab_size": len(tokenizer)}
    config = getattr(transformers, CONFIGS.get(name, f"{name}Config"))(**settings)
    getattr(transformers, MODELS.get(name, f"{name}ForCausalLM"))(config).save_pretrained(folder)
    return Model(name=name, path=folder, fingerprint=name)


def stock(model: Model, batch_size: int = 16) -> HFLM:
    """lm-eval's `hf` model, in float32 on the CPU."""
    return HFLM(pretrained=str(model.path), device="cpu", dtype="float32", batch_size=batch_size)
