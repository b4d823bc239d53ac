"""What a user may set for the `lm-eval` evaluator."""

from typing import Annotated, Literal

from pydantic import Field

from cem_lm_eval.questions import Part
from cem_toolkit.api import Options

Limit = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]


class LmEvalOptions(Options):
    """Options of `LmEval`. Where one is not given, the task's own setting holds, as in lm-eval."""

    num_fewshot: int | None = Field(
        None,
        ge=0,
        description="Number of solved examples before each question. Not given: each task's own, for question files 0.",
    )
    limit: Limit | None = Field(
        None,
        description="Ask only the first so many questions of each task, or if below 1 that fraction; of its training "
        "and of its test questions each. For trials.",
    )
    mine_train: bool = Field(
        False,
        description="Also ask the task's own training questions, to be mined; its test questions are then only "
        "reported.",
    )
    train_limit: int | None = Field(
        None, ge=1, description="Ask only the first so many training questions of each task. Not given: as `limit`."
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        16,
        description="Sequences generated at once, or, by a model that cannot read a prompt once for all its choices, "
        "scored at once. 'auto' lets lm-eval find the largest that fits on a GPU, which can change the last digits of "
        "scores from run to run; on a CPU it is 16.",
    )
    token_budget: int | None = Field(
        None,
        ge=1,
        description="Tokens put through the model at once where choices are scored; halved where they do not fit the "
        "memory. Changes scores by rounding only. Not given: 1,024 on a CPU, 4,096 on Apple's GPUs, 16,384 on others.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Precision of the weights. 'auto': bfloat16 where the device computes with it natively, else "
        "float32, because emulated bfloat16 is both slower and less exact.",
    )
    device: str = Field(
        "auto", description="'auto' (the first GPU, else the CPU), or a device as torch names it, such as 'cuda:1'."
    )
    metric: str | None = Field(
        None,
        description="The metric that decides whether an answer is right; it must be 0 or 1 for every question. "
        "Not given: 'acc' for multiple choice, 'exact_match' for free text, else the task's first metric of 0 and 1.",
    )
    filter: str | None = Field(
        None,
        description="Which of a task's answer extractions counts, such as 'flexible-extract'. Not given: its first.",
    )
    max_gen_toks: int | None = Field(
        None,
        ge=1,
        description="Longest free-text answer, in tokens. Not given: the task's own, and 32 for question files.",
    )
    system_instruction: str | None = Field(None, description="A system prompt before every question.")
    logs: str | tuple[str, ...] | None = Field(
        None,
        description="The folder or files of an earlier `lm_eval --log_samples` run of the starting model: round 0 "
        "takes its answers instead of running the model.",
    )
    trust_remote_code: bool = Field(
        False,
        description="Run Python code that comes with the model's folder. Only for models whose code you have read.",
    )

    def limit_of(self, part: Part) -> Limit | None:
        """How many questions of a task's part are asked."""
        return self.train_limit if part == "train" and self.train_limit is not None else self.limit
