"""The mixer `unlearn`: another mixer's rows, and beside them what the model wrongly believes, to be unlearnt."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError

from cem_toolkit.api import (
    Attempt,
    CemError,
    Context,
    Mistake,
    MistakeKind,
    Mixer,
    Options,
    Passage,
    Row,
    RowKind,
    content_id,
    find_component,
)
from cem_unlearn.beliefs import belief_row


class UnlearnMixerOptions(Options):
    forget: Literal["contradicted", "stale"] | tuple[MistakeKind, ...] = Field(
        "contradicted",
        description="Of which mistakes the model's answer is to be unlearnt. contradicted: a passage was found that "
        "leads it to the right one; stale: it gives the same wrong one however it is asked; or kinds of mistakes.",
    )
    mixer: str = Field("cem", min_length=1, description="The mixer that makes all other rows.")
    mixer_options: dict[str, Any] = Field({}, description="That mixer's own options.")


class UnlearnMixer(Mixer):
    """The rows of another mixer, and a row of kind forget for each mistake of a chosen sort: its question's prompt with
    the model's own wrong answer.

    A forget row asks its mistake's own question, and what it takes away is known by the answer key, so it names the
    question in `own_pairs`: what comes of it is reported apart. Its completion never holds the right answer; where that
    cannot be made out, there is no row. Mistakes whose key is doubted make none, unless they are named by kind.
    """

    name, version = "unlearn", "1"
    kinds: ClassVar[frozenset[RowKind]] = Mixer.kinds | frozenset[RowKind]({"forget"})
    Options: ClassVar[type[Options]] = UnlearnMixerOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError for a mixer that is not there, makes rows of other kinds, or refuses its options."""
        if strange := sorted(self._mixer.kinds - self.kinds):
            raise CemError(f"mixer.mixer: {self._mixer.name} makes rows of kind {' and '.join(strange)}: take another")
        self._mixer.check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """What decides the other mixer's rows, besides its options."""
        return content_id(self._mixer.name, self._mixer.version, self._mixer.fingerprint(ctx))

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        yield from self._mixer.mix(passages, mistakes, attempts, ctx)
        chosen = self._chosen(passages, mistakes)
        asked = {(attempt.task, attempt.id): attempt for attempt in attempts}
        made = [
            belief_row(mistake, attempt)
            for mistake in chosen
            if (attempt := asked.get((mistake.task, mistake.attempt_id)))
        ]
        rows = {row.id: row for row in made if row}
        if len(rows) < len(chosen):
            ctx.log(f"of {len(chosen)} mistakes to unlearn {len(rows)} have a wrong answer that can be written down")
        yield from rows.values()

    def _chosen(self, passages: Iterable[Passage], mistakes: Sequence[Mistake]) -> list[Mistake]:
        wanted = self.options.forget
        if isinstance(wanted, tuple):
            return [each for each in mistakes if each.kind in wanted]
        flipped = {hit.mistake_id for passage in passages for hit in passage.hits if hit.flips}
        trusted = [each for each in mistakes if each.kind != "doubtful_key"]
        if wanted == "contradicted":
            return [each for each in trusted if each.id in flipped]
        return [each for each in trusted if each.agreement == 1]

    @cached_property
    def _mixer(self) -> Mixer:
        found: Any = find_component("mixer", self.options.mixer)
        if found.name == self.name:
            raise CemError(f"mixer.mixer: {self.name} makes no other rows itself: take another, such as cem")
        try:
            mixer: Mixer = found(found.Options.model_validate(self.options.mixer_options))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(("mixer.mixer_options", *map(str, first["loc"])))
            raise CemError(f"{where}: {first['msg']} (an option of the mixer {found.name})") from None
        return mixer
