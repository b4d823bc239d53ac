"""A base for mixers that take what the mixer `cem` makes, and change its order or weights."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from pydantic import Field, ValidationError

from cem_toolkit.api import Attempt, CemError, Context, Mistake, Mixer, Options, Passage, Row, find_component


class OverCemOptions(Options):
    """Those of a mixer over `cem`."""

    cem: dict[str, Any] = Field({}, description="Options of the mixer cem, whose rows these are.")


class OverCem(Mixer):
    """Works on the rows of `cem`."""

    Options: ClassVar[type[Options]] = OverCemOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError for bad options of `cem`, and as it does."""
        self._cem().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """That of `cem`, with its version."""
        cem = self._cem()
        return f"{cem.version} {cem.fingerprint(ctx)}"

    def mixed(
        self, passages: Sequence[Passage], mistakes: Sequence[Mistake], attempts: Sequence[Attempt], ctx: Context
    ) -> list[Row]:
        """The rows of `cem`."""
        return list(self._cem().mix(passages, mistakes, attempts, ctx))

    def _cem(self) -> Mixer:
        cem = cast(type[Mixer], find_component("mixer", "cem"))
        try:
            return cem(cem.Options(**self.options.cem))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(each) for each in first["loc"])
            raise CemError(f"mixer.cem.{where}: {first['msg']}") from None
