"""A server's OpenAI-compatible completions, by lm-eval's own class for them (`local-completions`)."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from aiohttp import ClientError, ClientResponseError
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.models.utils import has_bos_prefix, resolve_max_length

from cem_lm_eval.backends.server import Server, check_command
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import quiet, replaced
from cem_lm_eval.reporting import Reporting, Tokenized
from cem_toolkit.api import CemError, Model, load_tokenizer

TRIES = 6
"""Of one request, after 1, 1, 2, 4 and 8 seconds."""
LONGEST_WAIT = 60.0
"""Seconds that a server may ask by Retry-After to be left alone."""
FAILURES = (ClientError, requests.RequestException, TimeoutError, OSError, ValueError, KeyError, TypeError, IndexError)
"""What lm-eval's class raises when it has tried often enough, and of answers in a form that is not OpenAI's."""

_whole: dict[str, Path] = {}
"""By the address of a running server the folder of the whole model that it serves: the first that was asked there."""


class ServedLM(Reporting, LocalCompletionsAPI):  # type: ignore[misc]  # lm-eval has no types
    """Makes the same tokens of texts as lm-eval's `hf`, so that a model is asked the same by either."""

    server: Server
    add_bos_token: bool | None

    @property
    def header(self) -> dict[str, str]:
        """In place of lm-eval's, which sends OPENAI_API_KEY to whatever server."""
        return self.server.headers

    @property
    def secret(self) -> str:
        return self.server.secret

    def close(self) -> None:
        self.server.close()

    def tok_encode(
        self,
        string: Any,
        left_truncate_len: int | None = None,
        add_special_tokens: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `HFLM.tok_encode`; several texts are prompts."""
        if not isinstance(string, str):
            return [self.tok_encode(each) for each in string]
        if add_special_tokens is None and string in self._encoded:
            return self._encoded[string]
        if add_special_tokens is None and has_bos_prefix(string, self.tokenizer.decode(self.prefix_token_id)):
            add_special_tokens = False
        special = {} if add_special_tokens is None else {"add_special_tokens": add_special_tokens}
        return self.tokenizer.encode(string, **special)

    def _loglikelihood_tokens(self, requests: list[Tokenized], **kwargs: Any) -> Any:
        self.check_lengths(requests, self.max_length - 1)  # one token stands before
        with self._asking():
            return list(super()._loglikelihood_tokens(requests, **kwargs))

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        with self._asking():
            return super().generate_until(requests, disable_tqdm)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Without lm-eval's bars, which cannot be turned off; failures in one line."""
        module = importlib.import_module("lm_eval.models.api_models")
        with (
            replaced(module, "tqdm", _silent(module.tqdm)),
            replaced(module, "tqdm_asyncio", _silent(module.tqdm_asyncio)),
        ):
            try:
                yield
            except FAILURES as error:
                raise self.server.why_failed(error) from error

    async def amodel_call(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().amodel_call(*args, **kwargs)
        except ClientResponseError as error:
            await asyncio.sleep(_wait(error.headers or {}))  # then lm-eval tries again
            raise

    def model_call(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().model_call(*args, **kwargs)
        except requests.HTTPError as error:
            time.sleep(_wait({} if error.response is None else error.response.headers))
            raise

    @staticmethod
    def parse_logprobs(
        outputs: Any, tokens: Sequence[Sequence[int]] | None = None, ctxlens: list[int] | None = None, **kwargs: Any
    ) -> list[tuple[float, bool]]:
        """lm-eval leaves the last token out, taking it for the one that the server made. After the end of a text some
        make none: so what comes after the prompt's tokens is made one token of, whatever it was.

        Raises CemError where there are not as many log-likelihoods as tokens."""
        (outputs,) = outputs if isinstance(outputs, list) else (outputs,)
        choices = sorted(outputs["choices"], key=lambda choice: choice["index"])
        for choice, ids in zip(choices, tokens or (), strict=True):
            found = choice.get("logprobs") or {}
            values, tops = found.get("token_logprobs") or [], found.get("top_logprobs") or []
            size = len(ids)
            # A server that leaves the first token out, as llama-cpp-python does, gives one too few.
            expected = size + (choice.get("finish_reason") == "length")
            if min(len(values), len(tops)) < expected or None in values[1:size]:
                raise CemError(NO_SCORES)
            choice["logprobs"] = {"token_logprobs": [*values[:size], 0], "top_logprobs": [*tops[:size], {}]}
        return LocalCompletionsAPI.parse_logprobs(  # type: ignore[no-any-return]
            {**outputs, "choices": choices}, tokens, ctxlens, **kwargs
        )


NO_SCORES = (
    "the server does not take token ids and give the log-likelihood of each (`echo` with `logprobs` of "
    "/v1/completions), so that choices cannot be scored; take one that does, such as vLLM"
)


def load(model: Model, options: LmEvalOptions, logs: Path) -> ServedLM:
    """The model, served: by a server that is started for it, or by the running one. Asks one thing to see that it can
    score. Raises CemError where that fails."""
    server = _serve(model, options, logs)
    try:
        lm = _connect(server, model, options)
        context = [lm.prefix_token_id, *lm.tok_encode("What is the capital of Australia?", add_special_tokens=False)]
        probe = lm._create_payload(lm.create_message([context]), seed=0)
        try:
            lm.parse_logprobs(server.post("/completions", probe), [context], [1])
        except (*FAILURES, AttributeError, CemError) as error:
            raise CemError(NO_SCORES if str(error) == NO_SCORES else f"{NO_SCORES} ({error})") from None
    except BaseException:
        server.close()
        raise
    return lm


def _serve(model: Model, options: LmEvalOptions, logs: Path) -> Server:
    if options.server_url is not None:
        first = _whole.setdefault(options.server_url, model.path.resolve())
        if first != model.path.resolve():
            raise CemError(
                f"the server {options.server_url} cannot be given {model.name}, which is no adapter: train adapters, "
                "or have a server started for each model by server_command"
            )
        server = Server(options.server_url, options)
        if model.adapter is not None:
            _want_adapters(options)
            server.add_adapter(model)
        return server
    assert options.server_command is not None  # noqa: S101 (the options see to it)
    places = {"model": str(model.path.resolve()), "name": f"cem-{model.fingerprint}"}
    command = options.server_command
    if model.adapter is not None and options.server_adapter_command is not None:
        command = options.server_adapter_command
        places["adapter"] = str(model.adapter.resolve())
    elif model.adapter is not None:
        _want_adapters(options)
        places["name"] += "-base"
    server = Server.started(command, places, options, logs / f"server-{model.fingerprint}.log")
    if model.adapter is not None and "adapter" not in places:
        try:
            server.add_adapter(model)
        except BaseException:
            server.close()
            raise
    return server


def _want_adapters(options: LmEvalOptions) -> None:
    if not options.server_adapters:
        also = "" if options.server_command is None else " server_adapter_command, or"
        raise CemError(f"the tuned model is an adapter, and the server cannot be given one: set{also} server_adapters")


def _connect(server: Server, model: Model, options: LmEvalOptions) -> ServedLM:
    from transformers import AutoConfig

    tokenizer = load_tokenizer(model.path, trust_remote_code=options.trust_remote_code)
    config = AutoConfig.from_pretrained(model.path, local_files_only=True, trust_remote_code=options.trust_remote_code)
    window = resolve_max_length(config, tokenizer)
    with quiet():
        lm = ServedLM(
            base_url=f"{server.url}/completions",
            tokenizer_backend=None,
            num_concurrent=options.concurrency,
            batch_size=options.server_batch,
            max_retries=TRIES,
            max_length=min(window, server.choose() or window),
            timeout=options.server_timeout,
        )
    # lm-eval would read the tokenizer anew, which takes seconds.
    lm.tokenizer, lm.tokenizer_backend, lm.tokenized_requests, lm.add_bos_token = tokenizer, "huggingface", True, None
    lm.server, lm.model, lm.max_gen_toks = server, server.name, lm._max_gen_toks
    return lm


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks for; dates are left to lm-eval's own waits."""
    asked = headers.get("Retry-After", "")
    return min(float(asked), LONGEST_WAIT) if asked.isdecimal() else 0.0


def _silent(bar: type) -> type:
    class Silent(bar):  # type: ignore[misc]  # whichever of tqdm's classes
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

    return Silent


def check(model: Model, options: LmEvalOptions, tuned: str) -> None:
    """Raises CemError where a run would fail at its first evaluation, or after training at the tuned model. `tuned` is
    what the trainer leaves, as in `Context`."""
    if options.server_url is not None:
        if tuned == "model" or not options.server_adapters:
            raise CemError(
                f"the server {options.server_url} cannot be given tuned models"
                + (" that are no adapters" if options.server_adapters else "")
                + ": have the trainer leave adapters and set server_adapters, or give server_command"
            )
        _whole[options.server_url] = model.path.resolve()
        Server(options.server_url, options).choose()
        return
    assert options.server_command is not None  # noqa: S101 (the options see to it)
    check_command(options.server_command, "server_command", ["model", "port"])
    if options.server_adapter_command is not None:
        check_command(options.server_adapter_command, "server_adapter_command", ["model", "port", "adapter"])
    elif tuned == "adapter":
        _want_adapters(options)
