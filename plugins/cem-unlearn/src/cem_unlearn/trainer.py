"""What the unlearning trainers have in common, light to import."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from cem_toolkit.api import CemError, Context, Options, Row, RowKind, Trainer, content_id, file_hash
from cem_trl.by_method import MethodTrainer
from cem_unlearn.forget import read_items
from cem_unlearn.options import UnlearnOptions

FILES = ("forget", "audit_unseen", "audit_members", "audit_retrain")
"""Options that name a JSONL file of items."""


class UnlearnTrainer(MethodTrainer):
    """Unlearns the rows of kind forget and the items of the file `forget`, and keeps the others.

    A subclass gives `method`, an `Unlearning`, whose figures hold the audit's tables.
    """

    kinds: ClassVar[frozenset[RowKind]] = Trainer.kinds | frozenset[RowKind]({"forget"})
    Options: ClassVar[type[Options]] = UnlearnOptions

    def check(self, ctx: Context) -> None:
        """As `MethodTrainer`. Raises CemError for files that cannot be read, too."""
        options: UnlearnOptions = self.options
        if options.share < 1:
            raise CemError("trainer.interpolation: part of the way back is remembered again; leave it at 1 to unlearn")
        for option, path in self._files(ctx):
            read_items(path, option)
        if bool(options.audit_retrain) and not options.audit_start:
            raise CemError("trainer.audit_retrain needs audit_start, the model that this one was tuned from")
        if options.audit_start and not (ctx.config_folder / options.audit_start / "config.json").is_file():
            raise CemError(f"trainer.audit_start holds no model: {ctx.config_folder / options.audit_start}")
        super().check(ctx)

    def fingerprint(self, ctx: Context) -> str:
        """The hashes of the files."""
        return content_id(super().fingerprint(ctx), *(f"{name} {file_hash(path)}" for name, path in self._files(ctx)))

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """As `MethodTrainer`, on the items of the file `forget` too."""
        return super().train(self.with_listed(rows, ctx), ctx)

    def with_listed(self, rows: Sequence[Row], ctx: Context) -> list[Row]:
        """`rows` and the items of the file `forget`, each once."""
        options: UnlearnOptions = self.options
        listed = read_items(ctx.config_folder / options.forget) if options.forget else []
        return list({row.id: row for row in [*rows, *listed]}.values())

    def _files(self, ctx: Context) -> list[tuple[str, Path]]:
        named = ((option, getattr(self.options, option)) for option in FILES)
        return [(option, ctx.config_folder / path) for option, path in named if path]
