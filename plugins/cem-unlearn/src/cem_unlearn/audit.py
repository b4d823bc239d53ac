"""What was forgotten, measured from several sides, beside what could not be measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from cem_toolkit.api import Context
from cem_trl.encoding import Encoder
from cem_unlearn.forget import Item
from cem_unlearn.options import UnlearnOptions


class Audit:
    """Measures a model before and after it unlearns."""

    def __init__(
        self, forget: Sequence[Item], retained: Sequence[Item], options: UnlearnOptions, encoder: Encoder, ctx: Context
    ) -> None: ...

    def before(self, model: Any) -> None:
        """Measures the model that unlearning begins with."""

    def after(self, model: Any) -> Mapping[str, Any]:
        """Measures what came of it, leaves `model` as it is, and returns figures, among them `tables`."""
        return {}
