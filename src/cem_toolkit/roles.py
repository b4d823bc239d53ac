"""The roles that plugins fill, and what a stage is given to work with.

A plugin subclasses a role, sets `name` and `version`, describes its options as a pydantic model, and returns the class
from the role's registration hook. Classes are made once a run, with validated options. Keep their modules light: import
torch and other heavy libraries inside the methods that need them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from cem_toolkit.records import Attempt, Mistake, Model, Passage, Rewrite, Row, RowKind

Tuned = Literal["", "model", "adapter"]
"""What a trainer leaves: a whole model, a PEFT adapter, or "" where that is not known."""


class Options(BaseModel):
    """Base of every component's options: unknown names are errors, and each field says what it does by
    `Field(description=…)`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Progress(Protocol):
    """A step's progress. `total` may come to be known later; `message` shows beside the bar, such as a loss."""

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        """So many more steps are done."""


def _ignore(mistake_id: str, passages: Sequence[Passage]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a component may use while it works: all else is none of its business."""

    model: Model
    """The model of this stage: the one to evaluate, or the one to train from."""
    folder: Path
    """The stage's own folder, kept with the run. What an interrupted try left there is still there when the stage is
    tried again."""
    cache: Path
    """A folder of this component's own that outlives runs: downloads, indexes. The user may delete it at any time."""
    round: int
    """0 for the starting model's evaluation, then 1, 2, …"""
    seed: int
    """Take all randomness from this."""
    chat_template: bool
    """Whether prompts go through the tokenizer's chat template; the same for evaluation and training."""
    config_folder: Path
    """Where the configuration lies: relative paths in options start here."""
    progress: Callable[[str, float | None], AbstractContextManager[Progress]]
    """`with ctx.progress("label", total) as step: … step.advance()`; a total of None where it is not known."""
    log: Callable[[str], None]
    """Says one line to the user and to the run's events."""
    count_tokens: Callable[[Sequence[str]], list[int]]
    """Lengths of texts in the tokens of the run's model (asked of the trainer)."""
    generate: Callable[[Sequence[str], int], list[str]]
    """Continuations of prompts by `model`, greedy, of at most so many new tokens (asked of the evaluator)."""
    score: Callable[[Sequence[tuple[str, Sequence[str]]]], list[tuple[float, ...]]]
    """For each prompt and its continuations the log-likelihood, in nats, of every continuation under `model` (asked of
    the evaluator)."""
    screen_rows: Callable[[Iterable[Row]], list[Row]] = list
    """For mixers: the rows that hold no mined question together with its answer. The leak guard drops the others, and
    many more, from what a mixer returns anyway; asked before, they take up no token budget. Every drop is kept with its
    reason. For trainers that keep rows from round to round: the rows that the leak guard lets through, for the model
    may come from a run that measured by other questions."""
    found: Callable[[str, Sequence[Passage]], None] = _ignore
    """For sources that look mistakes up one after the other: says that these are all passages for the mistake of this
    id, each with its hits for it. The model may read them while the source goes on. What `retrieve` returns is the
    result all the same."""
    rewrites: Sequence[Rewrite] = ()
    """For mixers: the passages said otherwise, by the run's rewriters."""
    stopping: Sequence[Row] = ()
    """For trainers: the stopping questions with their answers, to measure when to stop and never to train on. Nothing
    is reported about these questions."""
    only: frozenset[str] | None = None
    """For evaluators: the ids of the questions to ask, those of general tasks included; None: all. Asking all saves no
    time but is not wrong: the core leaves out what it did not want."""
    tuned: Tuned = ""
    """For evaluators: what the run's trainer leaves, so that one that cannot ask such a model says so in its check."""
    indexes: str = ""
    """For sources: the address where this component's indexes are shared with other machines
    (`cem_toolkit.api.fetch_folder`); empty where they are not."""


class Component(ABC):
    """What every role has in common."""

    name: ClassVar[str]
    """How users choose it, such as `wiki`; unique within its role."""
    version: ClassVar[str]
    """Changes whenever the same input would give another output: finished stages of another version are not reused."""
    Options: ClassVar[type[Options]] = Options
    """What users may set about it."""

    def __init__(self, options: Any = None) -> None:
        self.options: Any = self.Options() if options is None else options

    def check(self, ctx: Context) -> None:  # noqa: B027 (an optional hook)
        """Called before anything is written. Raise CemError for whatever would make the run fail later: a missing
        file, a library that is not installed, too little disk. `ctx.model` is on disk. Be quick and load no model."""

    def fingerprint(self, ctx: Context) -> str:
        """What besides version, options, seed and inputs decides the output, such as the hash of a data file."""
        return ""


class Evaluator(Component):
    """Puts tasks to a model and says of every question what was answered."""

    @abstractmethod
    def check_tasks(self, tasks: Sequence[str], ctx: Context) -> None:
        """Raise CemError for a task that is unknown or whose questions are not usable.

        Called before all else: `ctx.model` may not be on disk yet."""

    @abstractmethod
    def fingerprint_tasks(self, tasks: Sequence[str], ctx: Context) -> str:
        """A hash of the tasks' content: it must change when their questions, prompts or scoring do."""

    @abstractmethod
    def count_questions(self, tasks: Sequence[str], ctx: Context) -> Mapping[str, tuple[int, int]]:
        """For every task its number of questions and (roughly) of prompt and answer tokens; for the plan of `--dry-
        run`."""

    @abstractmethod
    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        """One Attempt per question of every task, by `ctx.model`; `split` is left empty."""

    def generate(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        """Greedy continuations of `prompts` by `ctx.model`, for miners and rewriters that want a language model."""
        raise NotImplementedError(f"the evaluator {self.name!r} cannot generate text")

    def score(self, pairs: Sequence[tuple[str, Sequence[str]]], ctx: Context) -> list[tuple[float, ...]]:
        """For each (prompt, continuations) the log-likelihood, in nats, of every continuation under `ctx.model`.

        An empty prompt asks for a text from its beginning. Needed for the open-book test, for asking mistakes again in
        other ways, and for perplexity; a run goes without these where it is not implemented.
        """
        raise NotImplementedError(f"the evaluator {self.name!r} cannot score text")


class Miner(Component):
    """Turns wrong attempts into mistakes: of which kind, and what to look up."""

    @abstractmethod
    def mine(self, attempts: Sequence[Attempt], ctx: Context) -> Iterable[Mistake]:
        """`attempts` are all that may steer the run, right and wrong ones. Queries must not use the gold answer."""


class Source(Component):
    """Finds text about mistakes."""

    @abstractmethod
    def retrieve(self, mistakes: Sequence[Mistake], ctx: Context) -> Iterable[Passage]:
        """Passages with title, licence and hits; each passage once, with all the mistakes it was found for."""

    def sample(self, count: int, ctx: Context) -> Iterable[Passage]:
        """`count` passages drawn at random by `ctx.seed`, with no hits: what the control arm `random` trains on."""
        raise NotImplementedError(f"the source {self.name!r} cannot draw random passages")

    def documents(self, ctx: Context) -> Iterable[Passage]:
        """All that the source has, in an order that stays, with no hits: what other sources may search in their own
        way. The longest there can be, so yield them one by one."""
        raise NotImplementedError(f"the source {self.name!r} cannot list its documents")


class Rewriter(Component):
    """Says what passages say in other words, for a fact that is read in one form only is hardly learnt.

    Method: self-study, as in EntiGraph (arXiv 2409.07431) and Active Reading (arXiv 2508.09494).
    """

    @abstractmethod
    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterable[Rewrite]:
        """Rewrites of `passages`, each made of one passage alone or, with `linked_id`, of two together. Passages come
        without hits: nothing of a question may be in rewrites, and nothing that their passages do not say. The core
        drops those that name, count or deny what their passages do not."""

    def alone(self) -> bool:
        """Whether what it makes of a passage depends on that passage, its options and `ctx.seed` alone, and asks no
        model: then the core may hand it very many passages in parts, in several processes. Not, unless it says so."""
        return False


KINDS: frozenset[RowKind] = frozenset({"passage", "normative", "extractive", "review", "general"})
"""Of rows that every trainer takes."""


class Mixer(Component):
    """Makes the training set of a round out of passages and what the model got right and wrong."""

    kinds: ClassVar[frozenset[RowKind]] = KINDS
    """The kinds of rows that it makes. A run is refused whose trainer does not take them all."""

    @abstractmethod
    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterable[Row]:
        """`attempts` are those that may steer the run, `ctx.rewrites` what rewriters made of the passages.

        A row in which a question's own answer pair stands names it in `own_pairs`; the core drops rows that hold a pair
        without saying so.
        """


class Trainer(Component):
    """Trains a model on rows."""

    kinds: ClassVar[frozenset[RowKind]] = KINDS
    """The kinds of rows that it takes."""

    @abstractmethod
    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """Trains `ctx.model` on `rows` and leaves the result in `ctx.folder / "model"`: a whole model as transformers
        writes it, or a PEFT adapter; safetensors only. Returns figures worth keeping, JSON-safe (tokens, losses…).
        Among them may be `tables`, which the report shows: a list of objects with `title`, `text` that says what is
        seen, `columns`, and `rows`, each a list of strings and numbers, one a column.

        Should continue from a checkpoint that an interrupted try left in `ctx.folder`, and remove checkpoints
        at the end.
        """

    def leaves(self) -> Tuned:
        """What `train` leaves with these options."""
        return ""

    @abstractmethod
    def count_tokens(self, texts: Sequence[str], ctx: Context) -> list[int]:
        """Lengths of `texts` in the tokens of `ctx.model`."""


class Preset(Component):
    """A ready set of configuration values under a name, such as the embedded model with its questions."""

    summary: ClassVar[str]
    """What it brings and under which terms, in one line that is said when it is used."""

    @abstractmethod
    def values(self, cache: Path) -> Mapping[str, Any]:
        """Configuration values, below those of the user's file and command line; may unpack files into `cache`."""


ROLES: dict[str, type[Component]] = {
    "evaluator": Evaluator,
    "miner": Miner,
    "source": Source,
    "rewriter": Rewriter,
    "mixer": Mixer,
    "trainer": Trainer,
}
