"""What a user may set for the `lm-eval` evaluator."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cem_lm_eval.questions import Part
from cem_toolkit.api import Options

Command = str | tuple[str, ...]
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
    backend: Literal["hf", "vllm", "local-completions"] = Field(
        "hf",
        description="Which of lm-eval's model classes asks the model: transformers, vLLM, or a server's "
        "OpenAI-compatible /v1/completions.",
    )
    processes: int = Field(
        1,
        ge=0,
        description="hf: processes started by `accelerate launch` that share the questions, each with the whole model. "
        "0: one for each GPU.",
    )
    tensor_parallel_size: int = Field(1, ge=1, description="vllm: GPUs that each copy of the model is spread over.")
    data_parallel_size: int = Field(1, ge=1, description="vllm: copies of the model that share the questions, by Ray.")
    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="vllm: share of a GPU's memory that it may take. Less where others use the GPU."
    )
    max_model_len: int | None = Field(
        None, ge=1, description="vllm: longest sequence, in tokens. Not given: the model's own."
    )
    server_command: Command | None = Field(
        None,
        description="local-completions: what starts a server for a model, such as `vllm serve {model} --port {port} "
        "--served-model-name {name}`. It is run without a shell, asked at 127.0.0.1, and ended after use.",
    )
    server_adapter_command: Command | None = Field(
        None,
        description="local-completions: the same for a tuned model that is an adapter, such as `vllm serve {model} "
        "--port {port} --enable-lora --lora-modules {name}={adapter}`.",
    )
    server_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="local-completions: a server that runs already and serves the starting model, such as "
        "http://localhost:8000/v1.",
    )
    server_adapters: bool = Field(
        False,
        description="local-completions: give the server adapters by vLLM's /v1/load_lora_adapter. It must see the same "
        "disk, with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1.",
    )
    server_model: str | None = Field(
        None,
        description="local-completions: the starting model's name at server_url. Not given: the first that it lists.",
    )
    server_key_env: str = Field(
        "", description="local-completions: the environment variable that holds the server's key, if it wants one."
    )
    server_start_timeout: float = Field(
        600, gt=0, description="local-completions: seconds that a server may take until it answers."
    )
    server_timeout: int = Field(300, ge=1, description="local-completions: seconds that one request may take.")
    server_batch: int = Field(
        1, ge=1, description="local-completions: prompts in one request; 1 for servers that take no more."
    )
    concurrency: int = Field(8, ge=1, description="local-completions: requests under way at a time.")

    @model_validator(mode="after")
    def _nothing_in_vain(self) -> Self:
        for name in self.model_fields_set:
            owner = OWNERS.get(name.partition("_")[0] if name.startswith("server_") else name)
            if owner not in (None, self.backend) and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} has no effect with backend {self.backend}, only with {owner}")
        if self.backend == "local-completions" and (self.server_url is None) == (self.server_command is None):
            raise ValueError("backend local-completions needs either server_command or server_url")
        if self.server_url is not None and self.server_adapter_command is not None:
            raise ValueError("server_adapter_command has no effect with server_url, only with server_command")
        if self.server_url is None and self.server_model is not None:
            raise ValueError("server_model has no effect without server_url: a command is told {name}")
        return self

    def limit_of(self, part: Part) -> Limit | None:
        """How many questions of a task's part are asked."""
        return self.train_limit if part == "train" and self.train_limit is not None else self.limit


OWNERS = {
    "processes": "hf",
    "tensor_parallel_size": "vllm",
    "data_parallel_size": "vllm",
    "gpu_memory_utilization": "vllm",
    "max_model_len": "vllm",
    "concurrency": "local-completions",
    "server": "local-completions",
}
"""The back end that an option, or those of a prefix, belong to."""
