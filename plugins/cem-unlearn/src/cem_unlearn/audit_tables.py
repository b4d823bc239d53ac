"""What an audit found, as figures and as the tables of the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from cem_unlearn.membership import Separation
from cem_unlearn.options import UnlearnOptions
from cem_unlearn.reading import Read, perplexity


@dataclass(frozen=True)
class Measured:
    """How one model reads the texts of each sort, and what is to be unlearnt by ways of asking."""

    forget: list[Read]
    retained: list[Read]
    unseen: list[Read]
    members: list[Read]
    ways: Mapping[str, list[Read]]


@dataclass(frozen=True)
class Relearnt:
    """Steps of plain training until the loss is what it was before unlearning (`wanted`, nats a token), None where so
    many as were allowed did not do; and the losses before the first."""

    wanted: float
    steps: int | None
    loss: float
    unseen_steps: int | None
    unseen_loss: float | None
    """None without unseen texts."""


@dataclass(frozen=True)
class Found:
    """All that an audit measured."""

    before: Measured
    after: Measured
    retrained: Measured | None
    left_out: int
    """Rows that the retrained model was not tuned on."""
    attacks: Mapping[str, Separation]
    """On what is to be unlearnt, before and after, and retrained."""
    relearnt: Relearnt | None
    referenced: bool
    """Whether the attacks had a reference model."""

    @property
    def models(self) -> dict[str, Measured]:
        by_name = {"before": self.before, "after": self.after, "retrained": self.retrained}
        return {name: each for name, each in by_name.items() if each is not None}


def figures(found: Found) -> dict[str, Any]:
    """JSON-safe, by model where it is measured of each."""
    return {
        "models": {name: _measures(each) for name, each in found.models.items()},
        "membership": {name: asdict(each) for name, each in found.attacks.items()},
        "relearnt": asdict(found.relearnt) if found.relearnt else None,
    }


def tables(found: Found, options: UnlearnOptions) -> list[dict[str, Any]]:
    """In the order of the report."""
    made = [_measured(found), _leaks(found)]
    if found.attacks:
        made.append(_membership(found, options))
    if found.relearnt:
        made.append(_relearnt(found.relearnt, options))
    if unknown := _unknown(found, options):
        text = "These would say more, and need data that only you have."
        made.append(_table("Unlearning: not known", text, ["not known", "what it takes"], unknown))
    return made


def verdict(found: Found) -> str:
    """What the losses say, against retraining and against texts that were never seen."""
    after, said = _losses(found.after.forget), []
    if found.retrained is not None:
        said.append(_compared(after, _losses(found.retrained.forget), "of a model retrained without it", paired=True))
    if len(found.after.unseen) > 1:
        said.append(_compared(after, _losses(found.after.unseen), "of texts like it that were never seen"))
    return " ".join(said) or "There is nothing to compare it with: whether it is forgotten or overshot is not known."


def _compared(after: Sequence[float], other: Sequence[float], what: str, *, paired: bool = False) -> str:
    from scipy.stats import ttest_ind, ttest_rel

    test = ttest_rel(after, other) if paired else ttest_ind(after, other, equal_var=False)
    low, high = test.confidence_interval(0.95)
    if low > 0:
        return f"Its loss is above that {what}: that is overshoot, and no better than forgotten."
    if high < 0:
        return f"Its loss is below that {what}: it is not forgotten."
    return f"No difference of its loss from that {what} is shown."


def _measured(found: Found) -> dict[str, Any]:
    measures = {name: _measures(each) for name, each in found.models.items()}
    labels = {
        "forget_loss": "to unlearn: loss, nats a token",
        "forget_written": "to unlearn: share that the model writes",
        "unseen_loss": "never seen: loss",
        "members_loss": "to keep: loss",
        "members_written": "to keep: share that the model writes",
        "retained_perplexity": "retained rows: perplexity",
    }
    rows = [[label, *(each[key] for each in measures.values())] for key, label in labels.items()]
    kept = [row for row in rows if any(value is not None for value in row[1:])]
    without = f" The retrained one was tuned without {found.left_out} rows." if found.retrained else ""
    return _table("Unlearning: before and after", verdict(found) + without, ["", *measures], kept)


def _leaks(found: Found) -> dict[str, Any]:
    rows = []
    for name, before in found.before.ways.items():
        after = found.after.ways[name]
        shares = [fmean(each.written for each in reads) for reads in (before, after)]
        likely = [fmean(math.exp(-each.loss) for each in reads) for reads in (before, after)]
        rows.append([name, len(before), *shares, *likely])
    columns = ["asked", "items", "written before", "after", "probability of a token before", "after"]
    text = "What is to be unlearnt, asked in other words: shares that the model writes to the end, and how likely it "
    return _table("Unlearning: leak test", text + "holds each token (a geometric mean).", columns, rows)


def _membership(found: Found, options: UnlearnOptions) -> dict[str, Any]:
    text = (
        "An attack by a logistic regression that takes no part in training. It learnt from "
        f"{'texts to keep' if options.audit_members else 'retained rows'} and from half of the texts never seen, and "
        "tells what is to be unlearnt from the other half: the area under its ROC curve, with a 95 % interval. 0.5: "
        "like never seen; below: overshoot. "
    )
    if not options.audit_members:
        text += "Retained rows may be of another form, by which the attack then goes too; audit_members mends that. "
    if not found.referenced:
        text += "It had no reference model (audit_start)."
    rows = [[name, each.auc, each.low, each.high] for name, each in found.attacks.items()]
    return _table("Unlearning: membership attack", text.strip(), ["model", "AUC", "from", "to"], rows)


def _relearnt(found: Relearnt, options: UnlearnOptions) -> dict[str, Any]:
    text = (
        f"Steps of plain training on the items together until their loss is what it was before, {found.wanted:.3g} "
        "nats a token. Fewer than texts of this form need that were never seen: traces are left."
    )
    more = f"more than {options.audit_relearn_steps}"
    rows = [["unlearnt", found.loss, more if found.steps is None else found.steps]]
    if found.unseen_loss is not None:
        rows.append(["never seen", found.unseen_loss, more if found.unseen_steps is None else found.unseen_steps])
    return _table("Unlearning: learnt again", text, ["texts", "loss at first", "steps"], rows)


def _unknown(found: Found, options: UnlearnOptions) -> list[list[str]]:
    rows = []
    if found.retrained is None:
        rows.append(["what a model retrained without it would know", "audit_retrain and audit_start"])
    if not options.audit_unseen:
        rows.append(["whether it looks like texts that were never seen, and how fast such are learnt", "audit_unseen"])
    elif not found.attacks:
        rows.append(["whether a membership attack finds it", "4 items to unlearn and 8 lines in audit_unseen, or more"])
    if found.relearnt is None:
        rows.append(["how fast it is learnt again", "audit_relearn_steps above 0"])
    return rows


def _measures(found: Measured) -> dict[str, float | None]:
    return {
        "forget_loss": fmean(_losses(found.forget)),
        "forget_written": fmean(each.written for each in found.forget),
        "unseen_loss": fmean(_losses(found.unseen)) if found.unseen else None,
        "members_loss": fmean(_losses(found.members)) if found.members else None,
        "members_written": fmean(each.written for each in found.members) if found.members else None,
        "retained_perplexity": perplexity(found.retained),
    }


def _losses(reads: Sequence[Read]) -> list[float]:
    return [each.loss for each in reads]


def _table(title: str, text: str, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"title": title, "text": text, "columns": columns, "rows": rows}
