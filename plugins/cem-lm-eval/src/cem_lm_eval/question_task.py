"""Question files as tasks of lm-eval, so that lm-eval itself prompts, scores and adds few-shot examples."""

from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask

from cem_lm_eval.questions import DELIMITER, PROMPT, Question, QuestionFile

MAX_GEN_TOKS = 32
WHOLE = "all"
"""The split of a file that names none."""
_METRIC = {"aggregation": "mean", "higher_is_better": True}


class QuestionTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval has no types
    """A question file as lm-eval sees it."""


def build_task(name: str, file: QuestionFile) -> QuestionTask:
    """The task `name` of `file`'s questions.

    Multiple choice goes by the log-likelihood of the choices' texts. Free text is the first generated line, matched
    exactly but for case, punctuation, white space and articles. Its splits are the file's parts; examples are from the
    training part where there is one.
    """
    splits = {part or WHOLE: questions for part, questions in file.parts.items()}
    asked, *training = splits

    def load(**_: Any) -> dict[str, datasets.Dataset]:
        return {split: datasets.Dataset.from_list([*map(_row, questions)]) for split, questions in splits.items()}

    config: dict[str, Any] = {
        "task": name,
        "custom_dataset": load,
        "training_split": training[0] if training else None,
        "test_split": asked,
        "fewshot_split": (training or [asked])[0],  # lm-eval leaves the question itself out where both splits are one
        "doc_to_text": PROMPT.format(question="{{question}}"),
        "doc_to_target": "answer",
        "target_delimiter": DELIMITER,
    }
    return QuestionTask(config=config | (_MULTIPLE_CHOICE if file.is_multiple_choice else _free_text()))


def _row(question: Question) -> dict[str, Any]:
    return {
        "question": question.question,
        "choices": list(question.choices),
        "answer": question.choices.index(question.gold) if question.choices else question.gold,
        "group": question.group,
    }


_MULTIPLE_CHOICE = {
    "output_type": "multiple_choice",
    "doc_to_choice": "choices",
    "metric_list": [{"metric": "acc", **_METRIC}, {"metric": "acc_norm", **_METRIC}],
}


def _free_text() -> dict[str, Any]:
    return {
        "output_type": "generate_until",
        "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": MAX_GEN_TOKS},
        "metric_list": [
            {
                "metric": "exact_match",
                "ignore_case": True,
                "ignore_punctuation": True,
                "regexes_to_ignore": [r"(?i)\b(?:a|an|the)\b", r"\s+"],
                **_METRIC,
            }
        ],
    }
