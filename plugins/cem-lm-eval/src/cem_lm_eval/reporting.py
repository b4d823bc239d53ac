"""What all back ends have in common beside lm-eval's model classes."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from lm_eval.api.instance import Instance

from cem_lm_eval.quiet import quiet, warnings_of_lm_eval
from cem_toolkit.api import CemError, Context, Progress

Tokenized = tuple[tuple[str, str] | None, list[int], list[int]]
"""A request's prompt and continuation, and the token ids of both."""
Wanted = Mapping[str, Container[int]]
"""Numbers of documents by task."""
Pairs = Sequence[tuple[str, Sequence[str]]]
"""Prompts, each with its continuations."""


class Reporting:
    """Stands before one of lm-eval's model classes: the core's progress in place of its bars, for a cache hook hears of
    every finished request, and requests of wanted documents alone."""

    step: Progress | None = None
    ctx: Context | None = None
    total = 0
    wanted: Wanted | None = None
    """The documents whose requests are answered; None: all. The others' get an empty answer, at no cost."""
    _encoded: Mapping[str, list[int]] = MappingProxyType({})
    """Tokens of texts, as `tok_encode` makes them when nothing else is asked of it."""

    # Of lm-eval's classes:
    tokenizer: Any
    prefix_token_id: Any
    add_bos_token: bool | None
    max_length: int
    max_gen_toks: int
    set_cache_hook: Callable[[Any], None]
    apply_chat_template: Callable[..., str]

    @property
    def secret(self) -> str:
        """What must not stand in any log."""
        return ""

    def report_to(self, step: Progress, ctx: Context) -> None:
        """Tells `step` of the requests that are made and answered from now on, in the work that `ctx` is of."""
        self.step, self.ctx, self.total = step, ctx, 0
        self.set_cache_hook(self)

    def close(self) -> None:
        """Gives back what the model holds besides this process's memory."""

    def add_partial(self, kind: str, request: Any, result: Any) -> None:
        """What lm-eval's classes call on their cache hook for each finished request."""
        if self.step is not None:
            self.step.advance(1)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        def answer(asked: list[Instance]) -> Iterable[tuple[float, bool]]:
            with self.encoding([request.args for request in asked]):
                return super(Reporting, self).loglikelihood(asked, disable_tqdm=True)  # type: ignore[misc,no-any-return]

        return self.answer_wanted(requests, answer, (0.0, False))

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        def answer(asked: list[Instance]) -> Iterable[str]:
            longest = max(request.args[1].get("max_gen_toks", self.max_gen_toks) for request in asked)
            if longest >= self.max_length:
                raise CemError(
                    f"answers of {longest} tokens leave no room in the model's {self.max_length}; allow fewer"
                )
            return super(Reporting, self).generate_until(asked, disable_tqdm=True)  # type: ignore[misc,no-any-return]

        return self.answer_wanted(requests, answer, "")

    def answer_wanted(
        self, requests: list[Instance], answer: Callable[[list[Instance]], Iterable[Any]], empty: Any
    ) -> list[Any]:
        """What `answer` gives for the requests of wanted documents, and `empty` for the others."""
        asked = [request for request in requests if self._wants(request)]
        self.total += len(asked)
        if self.step is not None:
            self.step.advance(0, total=self.total)
        answers = iter(answer(asked) if asked else ())
        return [next(answers) if self._wants(request) else empty for request in requests]

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

    def check_lengths(self, requests: Iterable[Tokenized], most: int) -> None:
        """Raises CemError where a continuation has no token, or more than `most`."""
        for text, _, ids in requests:
            if not 0 < len(ids) <= most:
                raise CemError(
                    f"{str(text[1] if text else '')[:40]!r} has {len(ids)} tokens after its prompt; "
                    f"1 to {most} can be scored"
                )

    def score(self, pairs: Pairs, ctx: Context) -> list[tuple[float, ...]]:
        """As `likelihood.score`."""
        from cem_lm_eval import likelihood

        return likelihood.score(self, pairs, ctx)

    def continuations(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        """Greedy continuations of `prompts`, each of at most `max_tokens` tokens."""
        arguments = {"until": [], "do_sample": False, "max_gen_toks": max_tokens}
        if ctx.chat_template:
            prompts = [self.apply_chat_template([{"role": "user", "content": prompt}]) for prompt in prompts]
        requests = [
            Instance(request_type="generate_until", doc={}, arguments=(prompt, arguments), idx=index)
            for index, prompt in enumerate(prompts)
        ]
        with (
            quiet(),
            warnings_of_lm_eval(ctx.log, self.secret),
            ctx.progress("generate", len(requests)) as step,
        ):
            self.report_to(step, ctx)
            return self.generate_until(requests)
