"""What a run leaves open, said as plainly as what it shows."""

from collections.abc import Iterable

from cem_toolkit.report.facts import UNSEEN, Facts, Turn
from cem_toolkit.report.words import label, listed, questions

WIDE = 0.03
"""An interval of more than ± 3 points is worth a word."""


def partly(turns: Iterable[Turn]) -> str:
    """What is to be known where not every question was asked after these rounds; else ""."""
    rounds = [f"round {turn.number} ({turn.asked[0]:,} of {turn.asked[1]:,})" for turn in turns if turn.asked]
    if not rounds:
        return ""
    return (
        f"Not all questions were asked after {listed(rounds)}: those that training could have touched, selection "
        "questions and general tasks were, and of the rest a sample. Shares and points of sets that were asked in "
        "part are estimates for the whole set; fixed and broken are counts of the questions asked, which are not like "
        "the rest."
    )


def unknowns(facts: Facts, turn: Turn) -> list[str]:
    """Sentences on what this run cannot tell about round `turn`."""
    found: list[str] = [said] if (said := partly([turn])) else []
    if "random" not in turn.arms:
        found.append(
            "No random-passage arm was run: what the passages themselves did is not separated from the training."
        )
    if not turn.repeats and not turn.get("noise"):
        found.append("One seed only: how much another seed would change these figures is not known.")
    wide = [
        (label(name), change, change.half_width)
        for name in UNSEEN
        if (change := turn.changes.get(name)) and change.half_width is not None and change.half_width > WIDE
    ]
    if wide:
        said = listed(
            [
                f"{name} ({questions(change.n, change.total)}: about ±{width * 100:.0f} points)"
                for name, change, width in wide
            ]
        )
        found.append(f"Few questions: smaller changes than these could not be seen on {said}.")
    if not any(name in turn.changes for name in ("held_out", "siblings")):
        found.append("No unseen questions: the figures hold for the questions that steered the training alone.")
    if not turn.general:
        found.append("No general task was watched: what else was forgotten is not known.")
    if not turn.get("open_book"):
        found.append("No open-book test: whether retrieval alone would have fixed the mistakes is not known.")
    if not facts.summary.get("finished"):
        found.append("The run is not finished: later rounds are missing here.")
    found.append(
        "Paraphrases and translations that pass the leak guard, and questions that the starting model saw in its own "
        "training, cannot be told here."
    )
    return found
