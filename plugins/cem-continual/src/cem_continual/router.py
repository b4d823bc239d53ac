"""The mixer `router`."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import Field, ValidationError

from cem_continual.preferring import Preferring, own_preferences
from cem_continual.routing import INSTEAD, STAGES, StageName, route, stage_of
from cem_toolkit.api import (
    Attempt,
    CemError,
    Context,
    Mistake,
    Mixer,
    Options,
    Passage,
    Row,
    content_id,
    find_component,
    replacing,
)

ROUTES = "routes.jsonl"
"""In the stage's folder: to which stage each mistake belongs and why, and which one serves it."""


class RouterOptions(Options):
    mixer: str = Field("cem", description="The mixer whose rows are routed.")
    options: dict[str, Any] = Field({}, description="Options of that mixer, such as {token_budget: 20000}.")
    near: float = Field(
        1.0,
        ge=0,
        description="Nats by which a wrong choice may be preferred to the right one for the mistake to be one of "
        "preference.",
    )
    choices: int = Field(8, ge=1, description="Wrong answers tried for a question, of which the likeliest is rejected.")
    own_preferences: bool = Field(
        False,
        description="Also make preferences of the mistakes' own questions and answers; what is learnt by rote then is "
        "reported apart.",
    )


class Router(Mixer):
    """Rows of another mixer, but of those about mistakes only such as suit the mistake: pre-training text where a fact
    is lacking, instructions where the form fails, preferences where the model is near and prefers a wrong choice.

    After the survey arXiv 2402.01364, which tells what each stage of training is for; `routing` has the rules, which
    are ours. A mistake for whose stage there are no rows is served by another (`INSTEAD`). A row about several mistakes
    is kept where it suits one of them. Mistakes of a doubted key get nothing.
    """

    name = "router"
    version = "1"
    kinds = Mixer.kinds | {"preference"}
    Options = RouterOptions
    options: RouterOptions

    @cached_property
    def _other(self) -> Mixer:
        """Raises CemError where there is no such mixer, it does not take the options, or makes other kinds of rows."""
        name = self.options.mixer
        if name == self.name:
            raise CemError("mixer.mixer: router cannot route its own rows; name another mixer, such as cem")
        cls = find_component("mixer", name)
        try:
            found = cls(cls.Options.model_validate(self.options.options))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(("mixer.options", *map(str, first["loc"])))
            raise CemError(f"{where}: {first['msg']} (options of the mixer {name})") from None
        assert isinstance(found, Mixer)  # noqa: S101 (as `find_component` was asked)
        if strange := sorted(found.kinds - self.kinds):
            raise CemError(f"mixer.mixer: {name} makes rows of kind {' and '.join(strange)}, which router cannot route")
        return found

    def check(self, ctx: Context) -> None:
        self._other.check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """That of the other mixer, with its version and all its options."""
        other = self._other
        options = json.dumps(other.options.model_dump(mode="json"), sort_keys=True)
        return content_id(other.version, options, other.fingerprint(ctx))

    def mix(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> Iterator[Row]:
        trusted = [mistake for mistake in mistakes if mistake.kind != "doubtful_key"]
        led = {hit.mistake_id for passage in passages for hit in passage.hits if hit.flips}
        wanted = {each.id: route(each, each.id in led, self.options.near) for each in trusted}
        rows = list(self._other.mix(passages, trusted, attempts, ctx))
        rows += self._preferences(rows, passages, trusted, attempts, wanted, ctx)

        there: dict[str, set[StageName]] = {each.id: set() for each in trusted}
        for row in rows:
            for mistake in there.keys() & set(row.parents):
                there[mistake].add(stage_of(row))
        served = {
            key: next((stage for stage in INSTEAD[stage] if stage in there[key]), None)
            for key, (stage, _) in wanted.items()
        }
        self._note(mistakes, wanted, served, ctx)
        for row in rows:
            about = served.keys() & set(row.parents)
            if not about or any(served[mistake] == stage_of(row) for mistake in about):
                yield row

    def _preferences(
        self,
        rows: Sequence[Row],
        passages: Sequence[Passage],
        mistakes: Sequence[Mistake],
        attempts: Sequence[Attempt],
        wanted: Mapping[str, tuple[StageName, str]],
        ctx: Context,
    ) -> list[Row]:
        near = [mistake for mistake in mistakes if wanted[mistake.id][0] == "preferences"]
        ids = {mistake.id for mistake in near}
        asked = [row for row in rows if row.kind == "normative" and not row.own_pairs]
        about = [row for row in asked if ids & set(row.parents)]
        made = list(Preferring(asked, passages, self.options.choices, ctx).make(about).values()) if about else []
        if self.options.own_preferences:
            made += own_preferences(near, attempts).values()
        return ctx.screen_rows(made)

    def _note(
        self,
        mistakes: Sequence[Mistake],
        wanted: Mapping[str, tuple[StageName, str]],
        served: Mapping[str, StageName | None],
        ctx: Context,
    ) -> None:
        """Writes and says where the mistakes went."""
        if not mistakes:
            return
        with replacing(ctx.folder / ROUTES) as part, part.open("w", encoding="utf-8") as file:
            for each in mistakes:
                stage, why = wanted.get(each.id, ("", "its key is doubted"))
                told = {"mistake_id": each.id, "kind": each.kind, "stage": stage, "why": why}
                file.write(json.dumps({**told, "served_by": served.get(each.id) or ""}, ensure_ascii=False) + "\n")
        counts = Counter(served.values())
        belonging = Counter(stage for stage, _ in wanted.values())
        parts = [f"{counts[stage]:,} to {stage} ({belonging[stage]:,} belong there)" for stage in STAGES]
        parts.append(f"{counts[None] + len(mistakes) - len(served):,} nowhere: no rows about them, or a doubted key")
        ctx.log(f"mistakes routed: {', '.join(parts)}")
