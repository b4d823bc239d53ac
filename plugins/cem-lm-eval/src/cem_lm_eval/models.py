"""The one model in memory, loaded by lm-eval's own class for transformers."""

import gc
from collections.abc import Sequence
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from cem_lm_eval.device import choose_device, choose_dtype
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.api import CemError, Context, Model, Progress

CPU_BATCH = 16

_held: dict[tuple[str, LmEvalOptions], "ReportingLM"] = {}


class ReportingLM(HFLM):  # type: ignore[misc]  # lm-eval has no types
    """HFLM with the core's progress in place of its bars: a cache hook hears of every finished request."""

    step: Progress | None = None
    total = 0
    said: frozenset[str] = frozenset()

    def say_once(self, line: str, ctx: Context) -> None:
        """Logs `line` where it was not yet logged of this model."""
        if line not in self.said:
            self.said |= {line}
            ctx.log(line)

    def report_to(self, step: Progress) -> None:
        self.step, self.total = step, 0
        self.set_cache_hook(self)

    def add_partial(self, kind: str, request: Any, result: Any) -> None:
        """What HFLM calls on its cache hook for each finished request."""
        if self.step is not None:
            self.step.advance(1)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        self._expect(len(requests))
        return super().loglikelihood(requests, disable_tqdm=True)  # type: ignore[no-any-return]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        longest = max(request.args[1].get("max_gen_toks", self.max_gen_toks) for request in requests)
        if longest >= self.max_length:
            raise CemError(f"answers of {longest} tokens leave no room in the model's {self.max_length}; allow fewer")
        self._expect(len(requests))
        return super().generate_until(requests, disable_tqdm=True)  # type: ignore[no-any-return]

    def _expect(self, requests: int) -> None:
        self.total += requests
        if self.step is not None:
            self.step.advance(0, total=self.total)


def load(model: Model, options: LmEvalOptions) -> ReportingLM:
    """The model in memory, ready to be evaluated. Any other that was held is released first.

    Raises CemError where the folder holds no model that transformers can load, or one that is not in safetensors.
    """
    key = (model.fingerprint, options)
    if key not in _held:
        release()
        _held[key] = _load(model, options)
    return _held[key]


def release() -> None:
    """Gives the memory of the held model back."""
    if _held:
        _held.clear()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _load(model: Model, options: LmEvalOptions) -> ReportingLM:
    if model.adapter and not (model.adapter / "adapter_model.safetensors").is_file():
        raise CemError(f"the adapter {model.adapter} holds no adapter_model.safetensors; save it in that form")
    device = choose_device(options.device)
    batch = CPU_BATCH if options.batch_size == "auto" and device == "cpu" else options.batch_size
    try:
        with quiet():
            return ReportingLM(
                pretrained=str(model.path),
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


def continuations(lm: ReportingLM, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
    """Greedy continuations of `prompts`, each of at most `max_tokens` tokens."""
    arguments = {"until": [], "do_sample": False, "max_gen_toks": max_tokens}
    if ctx.chat_template:
        prompts = [lm.apply_chat_template([{"role": "user", "content": prompt}]) for prompt in prompts]
    requests = [
        Instance(request_type="generate_until", doc={}, arguments=(prompt, arguments), idx=index)
        for index, prompt in enumerate(prompts)
    ]
    with quiet(), ctx.progress("generate", len(requests)) as step:
        lm.report_to(step)
        return lm.generate_until(requests)
