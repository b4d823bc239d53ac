"""The trainer `mulki`, light to import."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from cem_toolkit.api import CemError, Context, Model, Options, parse_json, resolve_model
from cem_trl.by_method import MethodOptions, MethodTrainer

if TYPE_CHECKING:
    from cem_trl.method import Method


class MulkiOptions(MethodOptions):
    """Options of `mulki`, besides those of `trl`."""

    original: str = Field(
        "",
        description="The first teacher, a model before all rounds: a folder (relative to the configuration's), a GGUF "
        "file or a name on the hub. Default: none but the round's own start, which then is the one teacher.",
    )
    distillation: float = Field(
        1.0, ge=0, description="Weight of the KL divergence from the teachers, in nats a token, beside the loss."
    )
    relations: float = Field(
        1.0, ge=0, description="Weight of the relation loss: how far rows moved from where they lay to prototypes."
    )
    prototypes: int = Field(16, ge=1, description="Groups of rows, at most, that relations are measured to.")
    teacher_weights: Literal["loss", "equal"] = Field(
        "loss", description="loss: the teacher that knows a row's answer better counts more for that row."
    )
    temperature: float = Field(
        1.0, gt=0, description="Of the softmax that makes teachers' weights of their losses; high: nearly equal."
    )
    new_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Share of the new rows, drawn by the seed, that are held to the teachers as all review and general "
        "rows are.",
    )


class Mulki(MethodTrainer):
    """Trains under two teachers, the original model and the round's start: after MulKI, Multi-Stage Knowledge
    Integration (Zhang et al., arXiv 2411.06764).

    Known of it, from its abstract: distillation from two teachers, the original model and the last one, without
    additional data; prototypes; relations of samples to prototypes; weights of the teachers that differ by sample.

    Reconstructed here, for text instead of CLIP's images and class names: the divergence is over a row's tokens; the
    weights are a softmax over each teacher's negative loss on the row's own answer; prototypes are centres of groups
    (k-means) of the teacher's mean last hidden states; a relation is a cosine, and the loss their mean squared
    difference. There is one modality, so nothing is aligned across two.
    """

    name, version = "mulki", "1"
    Options: ClassVar[type[Options]] = MulkiOptions

    def check(self, ctx: Context) -> None:
        """As `trl`. Raises CemError where the original cannot be had, or is of another vocabulary."""
        super().check(ctx)
        original = self._original(ctx)
        if original is not None and (one := _vocabulary(original)) != (other := _vocabulary(ctx.model)):
            raise CemError(
                f"trainer.original: {self.options.original} has {one} words and the trained model {other}: "
                "name the model that this one was made from"
            )

    def fingerprint(self, ctx: Context) -> str:
        """Of the original model, too."""
        original = self._original(ctx)
        return f"{super().fingerprint(ctx)} {original.fingerprint if original else ''}"

    def method(self, ctx: Context) -> "Method":
        from cem_continual.mulki_method import TwoTeachers

        return TwoTeachers(self.options, self._original(ctx))

    def _original(self, ctx: Context) -> Model | None:
        """None where there is only the round's start."""
        name = self.options.original
        if not name:
            return None
        beside = ctx.config_folder / Path(name).expanduser()
        found = resolve_model(str(beside) if beside.exists() else name, ctx.cache, ctx.log)
        return replace(found, name=name)


def _vocabulary(model: Model) -> Any:
    try:
        config: Mapping[str, Any] = parse_json((model.path / "config.json").read_text("utf-8"))
        return config.get("vocab_size", dict(config.get("text_config", {})).get("vocab_size"))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CemError(f"the configuration in {model.path} cannot be read: {error}") from error
