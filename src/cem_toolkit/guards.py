"""The leak guards of a run, made as its configuration says."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from cem_toolkit.config import LeaksConfig
from cem_toolkit.errors import CemError
from cem_toolkit.leaks import LeakGuard, SentenceEncoder
from cem_toolkit.models import check_model, fingerprint
from cem_toolkit.records import Attempt

VERSION = "3"
"""Changes whenever the same options would drop other texts."""


class Guards:
    """Their encoder, where there is one, is looked at and loaded once a run, and only when it is needed."""

    def __init__(self, options: LeaksConfig, config_folder: Path) -> None:
        self.options = options
        self._folder = config_folder / Path(options.encoder).expanduser()

    def check(self) -> None:
        """Raises CemError where the encoder can be seen, without loading or downloading, to be no usable model."""
        try:
            if self._model:
                check_model(self._model)
        except CemError as error:
            raise CemError(f"leaks.encoder: {error}") from None

    @cached_property
    def key(self) -> dict[str, Any]:
        """What the guards' verdicts depend on besides the questions, JSON-safe. An encoder on the hub goes by its
        name."""
        mark = fingerprint(self._folder) if self._model == str(self._folder) else self._model
        return {**self.options.model_dump(), "encoder": mark, "version": VERSION}

    def make(self, attempts: Iterable[Attempt]) -> LeakGuard:
        """A guard against the questions of `attempts`."""
        return LeakGuard(attempts, threshold=self.options.threshold, encoder=self._encoder)

    @property
    def _model(self) -> str:
        """A folder, which if relative starts where the configuration lies, or a name on the hub; "" for none."""
        return str(self._folder) if self.options.encoder and self._folder.is_dir() else self.options.encoder

    @cached_property
    def _encoder(self) -> SentenceEncoder | None:
        return SentenceEncoder(self._model, self.options.encoder_threshold) if self._model else None
