"""The one model in memory, loaded by lm-eval's own class for transformers."""

import gc
import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from cem_lm_eval import sharing
from cem_lm_eval.device import choose_device, choose_dtype
from cem_lm_eval.engine import answer, unplanned_attention
from cem_lm_eval.layout import gather
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet
from cem_toolkit.api import CemError, Context, Model, Progress, load_tokenizer

CPU_BATCH = 16
BUDGETS = {"cpu": 1_024, "mps": 4_096}
GPU_BUDGET = 16_384
"""Tokens put through the model at once where choices are scored, by device: on a CPU more gains nothing."""
Tokenized = tuple[tuple[str, str] | None, list[int], list[int]]
"""A request's prompt and continuation, and the token ids of both."""
Wanted = Mapping[str, Container[int]]
"""Numbers of documents by task."""

logger = logging.getLogger("lm_eval")

_held: dict[tuple[str, LmEvalOptions], "ReportingLM"] = {}
_verdicts: dict[str, str] = {}
"""What keeps prompts from being shared, or "", by what tells one kind of model from another."""


class ReportingLM(HFLM):  # type: ignore[misc]  # lm-eval has no types
    """HFLM with the core's progress in place of its bars: a cache hook hears of every finished request."""

    step: Progress | None = None
    total = 0
    token_budget = GPU_BUDGET
    wanted: Wanted | None = None
    """The documents whose requests are answered; None: all. The others' get an empty answer, at no cost."""
    _encoded: Mapping[str, list[int]] = MappingProxyType({})
    """Tokens of texts, as `tok_encode` makes them when nothing else is asked of it."""

    def report_to(self, step: Progress) -> None:
        self.step, self.total = step, 0
        self.set_cache_hook(self)

    def add_partial(self, kind: str, request: Any, result: Any) -> None:
        """What HFLM calls on its cache hook for each finished request."""
        if self.step is not None:
            self.step.advance(1)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        asked = self._asked(requests)
        self._expect(len(asked))
        with self.encoding([request.args for request in asked]):
            answers = iter(super().loglikelihood(asked, disable_tqdm=True) if asked else ())
        return [next(answers) if self._wants(request) else (0.0, False) for request in requests]

    @contextmanager
    def encoding(self, pairs: Iterable[tuple[str, str]]) -> Iterator[None]:
        """Makes tokens of the prompts and continuations of `pairs` at once, for what is asked of them meanwhile: one by
        one takes several times as long."""
        texts = dict.fromkeys(text for start, end in pairs if start for text in (start + end, start.rstrip()))
        bos = self.tokenizer.decode(self.prefix_token_id)
        plain = [text for text in texts if not text.startswith(bos)]  # lm-eval treats the others otherwise
        special = {} if self.add_bos_token is None else {"add_special_tokens": self.add_bos_token}
        if plain:
            self._encoded = dict(zip(plain, self.tokenizer(plain, **special)["input_ids"], strict=True))
        try:
            yield
        finally:
            self._encoded = {}

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
        for text, _, ids in requests:
            if not 0 < len(ids) <= self.max_length:
                raise CemError(
                    f"{str(text[1] if text else '')[:40]!r} has {len(ids)} tokens after its prompt; "
                    f"1 to {self.max_length} can be scored"
                )
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

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        if not (asked := self._asked(requests)):
            return [""] * len(requests)
        longest = max(request.args[1].get("max_gen_toks", self.max_gen_toks) for request in asked)
        if longest >= self.max_length:
            raise CemError(f"answers of {longest} tokens leave no room in the model's {self.max_length}; allow fewer")
        self._expect(len(asked))
        answers = iter(super().generate_until(asked, disable_tqdm=True))
        return [next(answers) if self._wants(request) else "" for request in requests]

    @unplanned_attention
    def _model_call(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return super()._model_call(*args, **kwargs)  # type: ignore[no-any-return]

    @unplanned_attention
    def _model_generate(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return super()._model_generate(*args, **kwargs)  # type: ignore[no-any-return]

    @contextmanager
    def answering(self, wanted: Wanted | None) -> Iterator[None]:
        """Answers the requests of these documents alone meanwhile."""
        self.wanted = wanted
        try:
            yield
        finally:
            self.wanted = None

    def _wants(self, request: Instance) -> bool:
        return self.wanted is None or request.doc_id in self.wanted[request.task_name]

    def _asked(self, requests: list[Instance]) -> list[Instance]:
        return [request for request in requests if self._wants(request)]

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
        # Libraries and model are a million objects that live on: looking for garbage among them, again and again, takes
        # as long as making the prompts.
        gc.freeze()
    return _held[key]


def release() -> None:
    """Gives the memory of the held model back."""
    if _held:
        _held.clear()
        gc.unfreeze()
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
