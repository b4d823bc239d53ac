"""What a task asks of one document, in the terms of the core's records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from lm_eval.api.task import ConfigurableTask

from cem_toolkit.api import CemError

QUESTION_FIELDS = ("question", "question_stem", "query", "problem", "goal", "sentence")
CHOICE_FIELDS = ("choices", "options", "endings", "candidates")
_LABEL_SEQUENCES = (ascii_uppercase, ascii_lowercase, digits[1:], digits)


@dataclass(frozen=True)
class Asked:
    """One question as its task phrases it. `choices` is empty for free text."""

    question: str
    choices: tuple[str, ...]
    """What the choices say, where the task itself may only offer their letters."""
    offered: tuple[str, ...]
    """The choices as the task scores them, in the same order."""
    golds: tuple[str, ...]
    """All texts that are right, the canonical one first; for multiple choice one of `choices`."""
    prompt: str
    completion: str
    group: str


def describe(task: ConfigurableTask, doc: Mapping[str, Any]) -> Asked | None:
    """What `task` asks by `doc`, or None where no answer is marked as right.

    Raises CemError where several choices are.
    """
    if task.OUTPUT_TYPE == "multiple_choice":
        return _describe_choices(task, doc)
    target = task.doc_to_target(doc)
    if task.config.doc_to_choice is not None and isinstance(target, int):
        target = task.doc_to_choice(doc)[target]
    golds = tuple(str(gold) for gold in (target if isinstance(target, list) else [target]))
    if not golds or not golds[0].strip():
        return None
    delimiter = task.config.target_delimiter if task.OUTPUT_TYPE == "generate_until" else ""
    prompt = _prompt(task, doc, task.doc_to_text(doc))
    return Asked(
        question=_question(doc) or prompt,
        choices=(),
        offered=(),
        golds=golds,
        prompt=prompt,
        completion=delimiter + golds[0],
        group=_group(doc),
    )


def _describe_choices(task: ConfigurableTask, doc: Mapping[str, Any]) -> Asked | None:
    offered = tuple(str(choice) for choice in task.doc_to_choice(doc))
    # Where every choice has a prompt of its own (Winogrande), lm-eval takes the text for the label and the target for
    # what follows all of them.
    gold = task.doc_to_text(doc) if task.multiple_input else task.doc_to_target(doc)
    if isinstance(gold, list):
        raise CemError(f"task {task.task_name!r}: several choices of a question may be right, which cannot be used")
    if isinstance(gold, str):
        gold = offered.index(gold) if gold in offered else -1
    if not 0 <= gold < len(offered):
        return None
    target = task.doc_to_target(doc) if task.multiple_input else offered[gold]
    prompt = _prompt(task, doc, offered[gold] if task.multiple_input else task.doc_to_text(doc))
    choices = _contents(offered, doc)
    return Asked(
        question=_question(doc) or prompt,
        choices=choices,
        offered=offered,
        golds=(choices[gold],),
        prompt=prompt,
        completion=f"{task.config.target_delimiter}{target}",
        group=_group(doc),
    )


def _prompt(task: ConfigurableTask, doc: Mapping[str, Any], text: str) -> str:
    """The question's own turn: `text` and the beginning of the answer where the task gives one."""
    delimiter = "" if task.multiple_input else task.config.target_delimiter
    turn = task.build_qa_turn(q=text, gen_prefix=task.doc_to_prefix(doc), tgt_delim=delimiter)
    return "".join(message.to_text() for message in turn)


def _question(doc: Mapping[str, Any]) -> str:
    for field in QUESTION_FIELDS:
        text = doc.get(field)
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _contents(offered: Sequence[str], doc: Mapping[str, Any]) -> tuple[str, ...]:
    """What the choices say: the texts of `doc` that `offered` only points to by letters, else `offered` itself."""
    labels = "".join(choice.strip(" .()") for choice in offered)
    if len(labels) != len(offered) or not any(sequence.startswith(labels) for sequence in _LABEL_SEQUENCES):
        return tuple(offered)
    for field in CHOICE_FIELDS:
        texts = doc.get(field)
        if isinstance(texts, Mapping):  # ARC and others: {"text": […], "label": […]}
            texts = texts.get("text")
        if isinstance(texts, list) and len(texts) == len(offered):
            return tuple(str(text) for text in texts)
    for form in ("{}", "option_{}", "op{}"):  # C-Eval; many; MedMCQA
        for cased in (labels, labels.lower()):
            names = [form.format(label) for label in cased]
            if all(isinstance(doc.get(name), str) for name in names):
                return tuple(doc[name] for name in names)
    return tuple(offered)


def _group(doc: Mapping[str, Any]) -> str:
    group = doc.get("group")
    return str(group) if isinstance(group, str | int) else ""
