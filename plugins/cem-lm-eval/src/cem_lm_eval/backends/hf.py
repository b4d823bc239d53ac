"""Transformers in this process: lm-eval's own class, with a faster way of working out log-likelihoods."""

import logging
from functools import cached_property
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from cem_lm_eval import sharing
from cem_lm_eval.device import choose_device, choose_dtype
from cem_lm_eval.engine import answer, unplanned_attention
from cem_lm_eval.layout import gather
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_lm_eval.reporting import Reporting, Tokenized
from cem_toolkit.api import CemError, Model, load_tokenizer

CPU_BATCH = 16
BUDGETS = {"cpu": 1_024, "mps": 4_096}
GPU_BUDGET = 16_384
"""Tokens put through the model at once where choices are scored, by device: on a CPU more gains nothing."""

logger = logging.getLogger("lm_eval")

_verdicts: dict[str, str] = {}
"""What keeps prompts from being shared, or "", by what tells one kind of model from another."""


class ReportingLM(Reporting, HFLM):  # type: ignore[misc]  # lm-eval has no types
    """HFLM as all back ends are asked, each prompt computed once for all its continuations."""

    token_budget = GPU_BUDGET

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, left_truncate_len: int | None = None, **kwargs: Any
    ) -> list[int]:
        if add_special_tokens is None and not left_truncate_len and string in self._encoded:
            return self._encoded[string]
        return super().tok_encode(string, add_special_tokens, left_truncate_len, **kwargs)  # type: ignore[no-any-return]

    def _loglikelihood_tokens(
        self, requests: list[Tokenized], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """As HFLM's, each prompt computed once for all its continuations (`cem_lm_eval.engine`)."""
        if reason := self.why_not_shared:
            logger.warning("%s: each prompt is computed anew for every continuation, which takes longer", reason)
            return super()._loglikelihood_tokens(requests, True, override_bs)  # type: ignore[no-any-return]
        self.check_lengths(requests, self.max_length)
        jobs, cut = gather([(prompt, continuation) for _, prompt, continuation in requests], self.max_length)
        if cut:
            logger.warning("%d prompts are longer than the model's %d tokens: cut from the left", cut, self.max_length)
        answers: list[Any] = [None] * len(requests)
        for place, found in answer(sharing.network_of(self), jobs, self.token_budget):
            answers[place] = found
            if requests[place][0] is not None:  # parts of a rolling request are told of by HFLM
                self.cache_hook.add_partial("loglikelihood", requests[place][0], found)
        return answers

    @cached_property
    def why_not_shared(self) -> str:
        """As `sharing.why_not` says, which a model trained from another has in common with it."""
        network = sharing.network_of(self)
        adapter, config = getattr(self.model, "active_peft_config", None), network.config
        numbers = f"{network.dtype} {self.device.type} {config._attn_implementation}"
        kind = f"{type(self.model)} {adapter} {type(network)} {numbers} {config.to_json_string()}"
        if kind not in _verdicts:
            _verdicts[kind] = sharing.why_not(self)
        return _verdicts[kind]

    @unplanned_attention
    def _model_call(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return super()._model_call(*args, **kwargs)  # type: ignore[no-any-return]

    @unplanned_attention
    def _model_generate(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return super()._model_generate(*args, **kwargs)  # type: ignore[no-any-return]


def load(model: Model, options: LmEvalOptions) -> ReportingLM:
    """The model in memory. Raises CemError where transformers cannot load it from its folder."""
    if model.adapter and not (model.adapter / "adapter_model.safetensors").is_file():
        raise CemError(f"the adapter {model.adapter} holds no adapter_model.safetensors; save it in that form")
    device = choose_device(options.device)
    batch = CPU_BATCH if options.batch_size == "auto" and device == "cpu" else options.batch_size
    try:
        with quiet():
            lm = ReportingLM(
                pretrained=str(model.path),
                tokenizer=load_tokenizer(model.path, trust_remote_code=options.trust_remote_code),
                peft=str(model.adapter) if model.adapter else None,
                device=device,
                dtype=choose_dtype(options.dtype, device),
                batch_size=batch,
                trust_remote_code=options.trust_remote_code,
                use_safetensors=True,
            )
    except (OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise CemError(f"the model {model.name} in {model.path} cannot be loaded: {said}") from error
    lm.token_budget = options.token_budget or BUDGETS.get(lm.device.type, GPU_BUDGET)
    return lm
