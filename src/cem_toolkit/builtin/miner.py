"""The method's miner: wrong answers become mistakes of a kind, with search keys that do not know the right answer."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from cem_toolkit.api import Attempt, CemError, Context, Miner, Mistake, Options, content_id
from cem_toolkit.builtin import keyphrases, llm
from cem_toolkit.builtin.endpoint import Endpoint
from cem_toolkit.parsing import parse_json
from cem_toolkit.records import MistakeKind
from cem_toolkit.triage import Verdict, ask_again, judge


class MinerOptions(Options):
    keys: Literal["keyphrase", "llm"] = Field(
        "keyphrase", description="How search keys are made: by a light keyphrase method, or by a language model."
    )
    max_queries: int = Field(16, ge=1, description="At most so many search keys a mistake.")
    order: Literal["hardest", "easiest", "none"] = Field(
        "hardest", description="Which mistakes come first, by margin; `none` leaves them in the order of the questions."
    )
    limit: int | None = Field(None, ge=1, description="Keep only so many mistakes, the first by `order`.")
    kinds: tuple[MistakeKind, ...] = Field(
        get_args(MistakeKind), min_length=1, description="Keep only mistakes of these kinds."
    )
    ask_again: int = Field(
        2,
        ge=0,
        description="Ask what was answered wrongly in so many other ways (choices moved round, other prompts) to tell "
        "lack of knowledge from trouble with the form; 0: do not ask.",
    )
    doubtful: tuple[str, ...] = Field((), description="Ids of questions whose key is doubted.")
    doubtful_file: Path | None = Field(
        None, description="A JSONL file with more such questions, one object with an `id` a line."
    )
    llm_endpoint: str = Field(
        "", description="Base URL of an OpenAI-compatible server for `keys: llm`; empty: the run's own model."
    )
    llm_model: str = Field("", description="The model to ask for at `llm_endpoint`.")
    llm_key_env: str = Field(
        "", description="Environment variable that holds the key for `llm_endpoint`; empty: it wants none."
    )

    @model_validator(mode="after")
    def _nothing_in_vain(self) -> Self:
        given = [name for name in ("llm_endpoint", "llm_model", "llm_key_env") if getattr(self, name)]
        if given and self.keys != "llm":
            raise ValueError(f"{given[0]} has no effect without keys: llm")
        if given and not (self.llm_endpoint and self.llm_model):
            raise ValueError("llm_endpoint and llm_model must be given together")
        return self


class CemMiner(Miner):
    """Every wrong attempt is a mistake of one kind, by the rules of `cem_toolkit.triage.judge`:

    - `doubtful_key`: named by the options as a question whose key is doubted, so it is no proof of a lack;
    - `schema`: right under another extraction, or in most other ways of asking, so the form of the answer is lacking
      and not the knowledge;
    - `unsure`: the evidence is mixed;
    - `knowledge`: all else.
    """

    name = "cem"
    version = "2"
    Options = MinerOptions
    options: MinerOptions

    def check(self, ctx: Context) -> None:
        self._doubtful(ctx)
        if self.options.llm_endpoint:
            self._endpoint().check()

    def fingerprint(self, ctx: Context) -> str:
        """The hash of `doubtful_file`."""
        path = self.options.doubtful_file
        return hashlib.sha256((ctx.config_folder / path).read_bytes()).hexdigest() if path else ""

    def mine(self, attempts: Sequence[Attempt], ctx: Context) -> Iterator[Mistake]:
        wrong = list({(attempt.task, attempt.id): attempt for attempt in attempts if not attempt.correct}.values())
        if self.options.order != "none":
            wrong.sort(key=lambda attempt: attempt.margin, reverse=self.options.order == "easiest")
        judged = self._judge(wrong, ctx)
        for kind, number in sorted(Counter(verdict.kind for _, verdict in judged).items()):
            ctx.log(f"{number} {kind} mistake{'s' * (number != 1)}")
        queries = self._queries([attempt for attempt, _ in judged], ctx)
        for (attempt, verdict), keys in zip(judged, queries, strict=True):
            yield Mistake(
                id="m-" + content_id(attempt.task, attempt.id),
                attempt_id=attempt.id,
                task=attempt.task,
                kind=verdict.kind,
                question=attempt.question,
                choices=attempt.choices,
                queries=keys,
                margin=attempt.margin,
                agreement=verdict.agreement,
                evidence=verdict.evidence,
            )

    def _judge(self, wrong: Sequence[Attempt], ctx: Context) -> list[tuple[Attempt, Verdict]]:
        """The wanted ones of `wrong` with their verdicts. No more are asked again than are needed to find them."""
        options, doubtful = self.options, self._doubtful(ctx)
        if set(options.kinds) == set(get_args(MistakeKind)):
            wrong = wrong[: options.limit]
        answers = ask_again(wrong, options.ask_again, ctx)
        pairs = zip(wrong, answers, strict=True)
        judged = [(attempt, judge(attempt, again, attempt.id in doubtful)) for attempt, again in pairs]
        return [each for each in judged if each[1].kind in options.kinds][: options.limit]

    def _queries(self, wrong: Sequence[Attempt], ctx: Context) -> list[tuple[str, ...]]:
        limit = self.options.max_queries
        if self.options.keys == "keyphrase":
            return [keyphrases.queries(attempt.question, attempt.choices, limit) for attempt in wrong]
        points = llm.knowledge_points(wrong, self._ask([llm.prompt(a.question, a.choices) for a in wrong], ctx), limit)
        if silent := points.count(()):
            ctx.log(f"no usable search keys from the language model for {silent} of {len(wrong)} mistakes: keyphrases")
        pairs = zip(wrong, points, strict=True)
        return [found or keyphrases.queries(a.question, a.choices, limit) for a, found in pairs]

    def _ask(self, prompts: Sequence[str], ctx: Context) -> list[str]:
        if not self.options.llm_endpoint:
            return ctx.generate(prompts, llm.MAX_TOKENS) if prompts else []
        return self._endpoint().ask(
            prompts, llm.MAX_TOKENS, ctx, kept="knowledge-points.jsonl", label="asking for knowledge points"
        )

    def _endpoint(self) -> Endpoint:
        options = self.options
        return Endpoint(options.llm_endpoint, options.llm_model, options.llm_key_env, key_option="llm_key_env")

    def _doubtful(self, ctx: Context) -> frozenset[str]:
        ids = list(self.options.doubtful)
        if self.options.doubtful_file:
            ids += _read_ids(ctx.config_folder / self.options.doubtful_file)
        return frozenset(ids)


def _read_ids(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CemError(f"doubtful_file cannot be read: {path}: {error}") from error
    ids: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                ids.append(str(parse_json(line)["id"]))
            except (ValueError, KeyError, TypeError):
                raise CemError(f"{path}, line {number}: not a JSON object with an 'id'") from None
    return ids
