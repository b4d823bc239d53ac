"""Which questions may steer the run, decided by stable hashes before anything else looks at them."""

import dataclasses
import hashlib
from collections.abc import Sequence

from cem_toolkit.config import SplitConfig
from cem_toolkit.records import Attempt, Split, normalise


def share(*parts: str) -> float:
    """A number in [0, 1) that depends on `parts` alone: the same on every machine, in every run, under every seed."""
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign(attempts: Sequence[Attempt], general: Sequence[Attempt], config: SplitConfig) -> list[Attempt]:
    """Attempts at the run's tasks and at its general tasks, in this order, with their splits.

    A group is held out whole by its name's hash; of the others some questions are held out by their text's hash: these
    are siblings where another question of their group is mined, else held out as well. A question without a group is
    its own group. Where a task's own training questions are asked too (`Attempt.part`), these alone may be mined, all
    of them, and its test questions are only reported. Of what could be mined, shares are kept for selection and
    stopping. A question that a general task asks too steers nothing, so that forgetting is not measured on what was
    taught; and one that stands in several tasks steers nothing where it may not in one of them.
    """

    def free(attempt: Attempt) -> bool:
        """Whether it may steer the run, by itself."""
        if attempt.part == "test":
            return False
        if attempt.part == "train":
            return True
        if not attempt.group:
            # one draw for both shares, so that as much is mined as of grouped questions
            return share("question", normalise(attempt.question)) < (1 - config.held_out_groups) * (1 - config.siblings)
        if share("group", normalise(attempt.group)) < config.held_out_groups:
            return False
        return share("sibling", normalise(attempt.question)) >= config.siblings

    barred = {attempt.id for attempt in general} | {attempt.id for attempt in attempts if not free(attempt)}

    def taught(attempt: Attempt) -> bool:
        return attempt.id not in barred

    def use(attempt: Attempt) -> Split:
        """Of one that could be mined."""
        drawn = share("selection", normalise(attempt.question))
        if drawn < config.selection:
            return "selection"
        return "stopping" if drawn < config.selection + config.stopping else "mined"

    def split(attempt: Attempt) -> Split:
        if taught(attempt):
            return use(attempt)
        return "sibling" if attempt.group in groups else "held_out"

    groups = {a.group for a in attempts if a.group and taught(a) and use(a) == "mined"}
    own = [dataclasses.replace(attempt, split=split(attempt)) for attempt in attempts]
    return own + [dataclasses.replace(attempt, split="general") for attempt in general]
