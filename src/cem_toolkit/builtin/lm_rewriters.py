"""The rewriters `model` and `endpoint`: what passages say, said otherwise by a language model."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import Field

from cem_toolkit.api import CemError, Context, Options, Passage, Rewrite, Rewriter
from cem_toolkit.builtin import selfstudy
from cem_toolkit.builtin.endpoint import Endpoint
from cem_toolkit.leaks import tokens


class SelfStudyOptions(Options):
    restatements: int = Field(2, ge=0, le=selfstudy.MOST, description="Say each passage in so many other ways.")
    questions: int = Field(
        2, ge=0, le=selfstudy.MOST, description="Make at most so many questions of each passage, with answers from it."
    )
    summary: bool = Field(True, description="Sum up long passages in one sentence.")
    long: int = Field(
        80, ge=1, description="Passages of at least so many words are long: they are not said again as a whole."
    )


class _SelfStudy(Rewriter):
    """Restatements, questions that the passage answers, and summaries of long passages, by a language model.

    The model sees one passage at a time, and its title. What is empty, unfinished, said word for word, or answered with
    what does not stand in the passage is left out and counted; what the passage does not say is dropped by the core.
    """

    options: SelfStudyOptions

    @abstractmethod
    def ask(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        """What the language model answers to each of `prompts`."""

    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterator[Rewrite]:
        faults: Counter[str] = Counter()
        for form, chosen in self._forms(passages):
            outputs = self.ask([form.prompt(passage) for passage in chosen], form.max_tokens, ctx) if chosen else []
            for passage, output in zip(chosen, outputs, strict=True):
                made = list(form.read(output, passage))
                faults["not in the form asked for"] += not made
                for rewrite in made:
                    fault = selfstudy.fault(rewrite, passage)
                    faults[fault] += 1
                    if not fault:
                        yield rewrite
        left_out = {fault: number for fault, number in faults.most_common() if fault and number}
        if left_out:
            reasons = ", ".join(f"{number:,} {fault}" for fault, number in left_out.items())
            ctx.log(
                f"left out {sum(left_out.values()):,} of {faults.total():,} that the language model wrote: {reasons}"
            )

    def _forms(self, passages: Sequence[Passage]) -> Iterator[tuple[selfstudy.Form, list[Passage]]]:
        options = self.options
        lengths = [(passage, len(tokens(passage.text))) for passage in passages]
        if options.restatements:
            yield (
                selfstudy.restating(options.restatements),
                [passage for passage, length in lengths if length < options.long],
            )
        if options.questions:
            yield selfstudy.asking(options.questions), list(passages)
        if options.summary:
            yield selfstudy.summing_up(), [passage for passage, length in lengths if length >= options.long]


class ModelRewriter(_SelfStudy):
    """By the run's own model, as it stands in this round: nothing comes in that it does not know, but for passages."""

    name = "model"
    version = "1"
    Options = SelfStudyOptions

    def check(self, ctx: Context) -> None:
        try:
            ctx.generate([], 1)  # asks for nothing, and so loads no model
        except NotImplementedError as error:
            raise CemError(f"rewriter model: {error}; choose another rewriter") from None

    def ask(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        return ctx.generate(prompts, max_tokens)


class EndpointOptions(SelfStudyOptions):
    url: str = Field(min_length=1, description="Base URL of an OpenAI-compatible server: http://localhost:8000/v1.")
    model: str = Field(min_length=1, description="The model to ask for there.")
    key_env: str = Field("", description="Environment variable that holds the server's key; empty: it wants none.")


class EndpointRewriter(_SelfStudy):
    """By a language model behind an OpenAI-compatible chat endpoint. It is sent the passages, and nothing else."""

    name = "endpoint"
    version = "1"
    Options = EndpointOptions
    options: EndpointOptions

    def check(self, ctx: Context) -> None:
        self._endpoint().check()

    def ask(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        return self._endpoint().ask(prompts, max_tokens, ctx, kept="answers.jsonl", label="asking for rewrites")

    def _endpoint(self) -> Endpoint:
        options = self.options
        return Endpoint(options.url, options.model, options.key_env, key_option="rewriters.endpoint.key_env")
