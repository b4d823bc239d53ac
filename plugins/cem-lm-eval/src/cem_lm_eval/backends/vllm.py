"""vLLM, by lm-eval's own class for it. It runs in a process of its own (`worker`), so that GPUs are free again when it
ends."""

from functools import cache
from pathlib import Path
from typing import Any

from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_lm_eval.reporting import Reporting, Tokenized
from cem_toolkit.api import CemError, Model, parse_json

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Those that vLLM makes room for."""
AT_ONCE = 4096
"""Requests given to vLLM at once: it batches them itself, and progress is told in between."""


def arguments(model: Model, options: LmEvalOptions) -> dict[str, Any]:
    """What `lm_eval.models.vllm_causallms.VLLM` is made with."""
    adapter = {}
    if model.adapter is not None:
        adapter = {"lora_local_path": str(model.adapter), "max_lora_rank": _room_for(model.adapter)}
    return {
        "pretrained": str(model.path),
        "dtype": options.dtype,
        "trust_remote_code": options.trust_remote_code,
        "batch_size": AT_ONCE,
        "max_model_len": options.max_model_len,
        "tensor_parallel_size": options.tensor_parallel_size,
        "data_parallel_size": options.data_parallel_size,
        "gpu_memory_utilization": options.gpu_memory_utilization,
        **adapter,
    }


def _room_for(adapter: Path) -> int:
    try:
        rank = int(parse_json((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CemError(f"the adapter {adapter} does not say its rank in adapter_config.json; vLLM takes LoRA") from None
    if rank > RANKS[-1]:
        raise CemError(
            f"the adapter {adapter} has rank {rank}; vLLM takes {RANKS[-1]} at most: train a lower lora_rank"
        )
    return next(room for room in RANKS if room >= rank)


def load(model: Model, options: LmEvalOptions) -> Any:
    """The model on this process's GPUs. Raises CemError where vLLM is missing or cannot load it."""
    try:
        made = _class()
    except ImportError as error:
        raise CemError(f"backend vllm: {error}; pip install 'cem-lm-eval[vllm]'") from None
    try:
        with quiet():
            return made(**arguments(model, options))
    except (OSError, ValueError, RuntimeError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CemError(f"vLLM cannot load the model {model.name} in {model.path}: {said}") from error


@cache
def _class() -> type:
    from lm_eval.models.vllm_causallms import VLLM

    class ReportingVLLM(Reporting, VLLM):  # type: ignore[misc]  # lm-eval has no types
        def tok_encode(self, string: Any, add_special_tokens: bool | None = None, **kwargs: Any) -> Any:
            if isinstance(string, str) and add_special_tokens is None and string in self._encoded:
                return self._encoded[string]
            return super().tok_encode(string, add_special_tokens, **kwargs)

        def _loglikelihood_tokens(self, requests: list[Tokenized], disable_tqdm: bool = False) -> Any:
            self.check_lengths(requests, self.max_length - 2)  # one token stands before, and vLLM makes one more
            return super()._loglikelihood_tokens(requests, disable_tqdm=True)

    return ReportingVLLM
