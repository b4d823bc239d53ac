"""How a task phrases a question, learnt from the attempts at it, so that made questions look like the task's own."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from cem_toolkit.api import Attempt
from cem_toolkit.ways import LABELS

_SLOT = re.compile(r"\{question\}|\{choice\}")


@dataclass(frozen=True, slots=True)
class TaskForm:
    """A task's prompt with `{question}` where the question stands, and `{choice}` where choices do."""

    template: str
    delimiter: str
    """What stands between prompt and answer."""
    labels: str = ""
    """One character a choice, where the answer is a choice's label; empty where it is the answer's text."""

    @property
    def choices(self) -> int:
        """How many choices a prompt shows."""
        return self.template.count("{choice}")

    def fill(self, question: str, answer: str, others: Sequence[str], random: Random) -> tuple[str, str]:
        """Prompt and completion for a question; `others` are wrong answers, at least one less than `choices`.

        The right answer stands at a random place among the choices.
        """
        shown = random.sample(others, self.choices - 1) if self.choices else []
        place = random.randint(0, len(shown))
        choices = iter([*shown[:place], answer, *shown[place:]])
        prompt = _SLOT.sub(lambda slot: question if slot[0] == "{question}" else next(choices), self.template)
        return prompt, self.delimiter + (self.labels[place] if self.labels else answer)


PLAIN = TaskForm("Question: {question}\nAnswer:", " ")
"""The form of a question of a task whose own form is not known."""


def task_form(attempts: Sequence[Attempt]) -> TaskForm:
    """The form that most of one task's attempts share, or `PLAIN` where no form is that of at least half of them."""
    forms = Counter(form for attempt in attempts if (form := _form(attempt)))
    form, times = max(forms.items(), key=lambda item: item[1], default=(PLAIN, 0))
    return form if 2 * times >= len(attempts) else PLAIN


def _form(attempt: Attempt) -> TaskForm | None:
    head, found, tail = attempt.prompt.partition(attempt.question)
    if not attempt.question or not found:
        return None
    answer = attempt.completion.lstrip()
    delimiter = attempt.completion[: len(attempt.completion) - len(answer)]
    shown = _with_slots(tail, attempt.choices)
    template = f"{head}{{question}}{shown or tail}"
    if answer.strip() == attempt.gold.strip():
        return TaskForm(template, delimiter)
    if not attempt.choices:
        return TaskForm(template, delimiter)
    labels = _labels(answer.strip(), attempt) if shown else None
    return TaskForm(template, delimiter, labels) if labels else None


def _with_slots(tail: str, choices: Sequence[str]) -> str | None:
    """`tail` with `{choice}` for each of `choices` in turn, or None where they do not all stand there in order."""
    done = ""
    for choice in choices:
        before, found, tail = tail.partition(choice)
        if not found or not choice:
            return None
        done += before + "{choice}"
    return done + tail if choices else None


def _labels(label: str, attempt: Attempt) -> str | None:
    """The labels of which `label` is that of the right choice."""
    index = attempt.choices.index(attempt.gold) if attempt.gold in attempt.choices else len(attempt.choices)
    fitting = (labels for labels in LABELS if labels[index : index + 1] == label != "")
    return next((labels[: len(attempt.choices)] for labels in fitting if len(attempt.choices) <= len(labels)), None)
