"""Whether the model that answered is the one that was to answer.

A server that goes on serving the model before, or an adapter that is not in use, makes a round look as if it had
changed nothing. What gives it away: models whose weights differ never agree in all log-likelihoods to the last digit.
"""

from collections.abc import Iterable, Sequence

from cem_toolkit.errors import CemError
from cem_toolkit.models import same_weights
from cem_toolkit.records import Attempt, Model
from cem_toolkit.standing import Standing

FEW = 8
"""Questions with scores below which nothing is concluded: log-likelihoods that are rounded may agree by chance."""


def check_answers(model: Model, attempts: Sequence[Attempt], others: Iterable[Standing]) -> None:
    """Raises CemError where `model` has exactly the scores of another one of the run, whose weights are not the same.

    Answers without scores (free text) tell nothing. Models that are the same but for their files are no matter: their
    weights are compared, but only where scores agree.
    """
    scores = {(each.task, each.id): each.scores for each in attempts if each.scores}
    for other in others:
        if other.model.fingerprint == model.fingerprint:
            continue
        theirs = {(each.task, each.id): each.scores for each in other.attempts if each.scores}
        common = scores.keys() & theirs.keys()
        if len(common) < FEW or any(scores[key] != theirs[key] for key in common):
            continue
        if not same_weights(model, other.model):
            whose = f"the model of round {other.round}" if other.round else "the starting model"
            raise CemError(
                f"{model.name}: all {len(common):,} scored questions have exactly the scores of {whose}, though the "
                "weights differ: another model answered than was asked; see that the evaluator's server or adapter is "
                "the tuned one"
            )
