"""What the unlearning methods have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from cem_toolkit.api import Context, load_tokenizer
from cem_trl.encoding import Encoder, Example
from cem_trl.method import Encoded, Method
from cem_trl.options import TrlOptions
from cem_unlearn.audit import Audit
from cem_unlearn.forget import Item, divide
from cem_unlearn.options import UnlearnOptions


class Unlearning(Method):
    """A method that unlearns `forget` and keeps `retained`, both there once the order of the examples is asked for,
    with the audit of what came of it."""

    forget: list[Item]
    retained: list[Item]

    def __init__(self, options: UnlearnOptions) -> None:
        self.options = options

    def order(self, encoded: Encoded, options: TrlOptions, ctx: Context) -> list[Example]:
        self.forget, self.retained = divide(encoded, set(load_tokenizer(ctx.model.path).all_special_ids))
        return self.schedule(ctx)

    @abstractmethod
    def schedule(self, ctx: Context) -> list[Example]:
        """The examples of all steps, as `order` has them, made of `forget` and `retained`."""

    def begin(self, model: Any, encoder: Encoder, ctx: Context) -> None:
        self._audit = Audit(self.forget, self.retained, self.options, encoder, ctx)
        self._audit.before(model)

    def end(self, model: Any) -> Mapping[str, Any]:
        """The audit's figures. A method that changes `model` at its end calls this afterwards."""
        return self._audit.after(model)
