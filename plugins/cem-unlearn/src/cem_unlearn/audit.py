"""What was forgotten, measured from several sides, beside what could not be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from cem_toolkit.api import Context
from cem_trl.encoding import Encoder, Example
from cem_unlearn import membership
from cem_unlearn.asking import ways
from cem_unlearn.audit_tables import Found, Measured, Relearnt, figures, tables
from cem_unlearn.forget import Item, encode_items, examples, read_items
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.reading import Read, read
from cem_unlearn.relearning import retrained, start, steps_to

FEW = 4
"""Texts of a sort from which on a membership attack is made of them."""


@dataclass(frozen=True)
class Sorts:
    """The texts that are asked, by sort; those that no file names are none."""

    forget: list[Item]
    retained: list[Item]
    unseen: list[Item]
    members: list[Item]


class Audit:
    """Measures a model before and after it unlearns: what is to be unlearnt as it stands and asked in other ways,
    retained rows, a membership attack, how fast it is learnt again, and, where the data is at hand, a model that was
    never tuned on it.

    Of each sort at most `audit_items` are asked. Nothing is measured without the option `audit`.
    """

    def __init__(
        self, forget: Sequence[Item], retained: Sequence[Item], options: UnlearnOptions, encoder: Encoder, ctx: Context
    ) -> None:
        self._options, self._encoder, self._ctx = options, encoder, ctx
        self._all = forget
        self._sorts = Sorts(
            *(self._some(each) for each in (forget, retained, self._read("audit_unseen"), self._read("audit_members")))
        )
        self._ways = self._asked_in_other_ways()
        self._before: Measured | None = None

    def before(self, model: Any) -> None:
        """Measures the model that unlearning begins with."""
        if self._options.audit:
            self._before = self._measure(model)

    def after(self, model: Any) -> Mapping[str, Any]:
        """Measures what came of it, leaves `model` as it is, and returns figures, among them `tables`."""
        if self._before is None:
            return {}
        after, reference, without, left_out = self._measure(model), None, None, 0
        relearnt = self._relearn(model, self._before)
        if self._options.audit_start:
            reference = self._measure(start(self._options, self._ctx))
        if self._options.audit_retrain:
            other, left_out = retrained(self._all, self._encoder, self._options, self._ctx)
            without = self._measure(other)
        attacks = {
            name: self._attack(each, reference)
            for name, each in (("before", self._before), ("after", after), ("retrained", without))
            if each is not None and len(self._sorts.unseen) >= 2 * FEW and len(self._sorts.forget) >= FEW
        }
        found = Found(self._before, after, without, left_out, attacks, relearnt, reference is not None)
        return {"audit": figures(found), "tables": tables(found, self._options)}

    def _measure(self, model: Any) -> Measured:
        sorts = {
            name: read(model, examples(getattr(self._sorts, name)), self._options) for name in Sorts.__annotations__
        }
        asked = {name: read(model, each, self._options) for name, each in self._ways.items()}
        return Measured(**sorts, ways=asked)

    def _attack(self, found: Measured, reference: Measured | None) -> membership.Separation:
        """Half of the unseen texts are for the attack to learn from, half are judged."""
        half = len(found.unseen) // 2

        def told(name: str, part: slice = slice(None)) -> membership.Features:
            other: list[Read] | None = getattr(reference, name)[part] if reference else None
            return membership.features(getattr(found, name)[part], other)

        members = told("members" if len(found.members) >= FEW else "retained")
        strangers, unseen = told("unseen", slice(half)), told("unseen", slice(half, None))
        return membership.attack(members, strangers, told("forget"), unseen, self._ctx.seed)

    def _relearn(self, model: Any, before: Measured) -> Relearnt | None:
        """Of the first items, as many as a step takes."""
        options = self._options
        if not options.audit_relearn_steps:
            return None
        chosen = examples(self._sorts.forget[: options.batch_size])
        losses = [loss for each in before.forget[: options.batch_size] for loss in each.losses]
        wanted = sum(losses) / len(losses)
        unseen = examples(self._sorts.unseen[: options.batch_size])
        return Relearnt(
            wanted,
            *steps_to(model, chosen, wanted, options),
            *(steps_to(model, unseen, wanted, options) if unseen else (None, None)),
        )

    def _some(self, found: Sequence[Item]) -> list[Item]:
        """At most `audit_items` by chance, in order."""
        chance = Random(f"{self._ctx.seed}/audit")  # noqa: S311 (not for secrets)
        places = chance.sample(range(len(found)), min(len(found), self._options.audit_items))
        return [found[place] for place in sorted(places)]

    def _read(self, option: str) -> list[Item]:
        path = getattr(self._options, option)
        rows = read_items(self._ctx.config_folder / path, option) if path else []
        return encode_items(rows, self._encoder)

    def _asked_in_other_ways(self) -> dict[str, list[Example]]:
        """Of whole rows; long texts in pieces are asked as they stand alone."""
        asked: dict[str, list[Example]] = {}
        rows = {item.row.id: item.row for item in self._sorts.forget}
        for row in rows.values():
            for name, made in ways(row).items():
                asked.setdefault(name, []).extend(examples(encode_items([made], self._encoder)))
        return asked
