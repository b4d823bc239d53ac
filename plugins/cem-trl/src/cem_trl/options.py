"""What can be set about a training run."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from cem_toolkit.api import Options

Strategy = Literal["ddp", "fsdp", "zero2", "zero3"]
Tracker = Literal["tensorboard", "trackio", "wandb", "mlflow"]

LEARNING_RATES = {"full": 7e-5, "lora": 2e-4}
SHARES = {"careful": 0.2, "balanced": 0.35, "eager": 0.6}
"""Of the way from the starting weights to the trained ones."""


class TrlOptions(Options):
    """Options of the trainer `trl`."""

    method: Literal["full", "lora"] = Field("full", description="Train all weights, or low-rank adapters (LoRA).")
    freeze: Literal["none", "embeddings"] = Field(
        "embeddings",
        description="What of the model stays as it is when all weights are trained. embeddings: the table of token "
        "embeddings and the output layer, in a small model with a large vocabulary most of its weights.",
    )
    strength: Literal["careful", "balanced", "eager"] = Field(
        "balanced",
        description="How far the result goes from the starting model to the trained one (WiSE-FT): careful breaks "
        "less of what was right, eager fixes a little more and breaks much more.",
    )
    interpolation: float | None = Field(
        None,
        gt=0,
        le=1,
        description="The same as a share of the way. 1: all of it. Default: 0.2 careful, 0.35 balanced, 0.6 eager.",
    )
    kl: float = Field(
        0.0,
        ge=0,
        description="Weight of the KL divergence from the starting model on review and general rows, a few at every "
        "step, beside the loss: holds what was right, and takes some two thirds more time on a CPU. 0: none.",
    )
    epochs: int = Field(3, ge=1, description="Passes over the rows.")
    early_stopping: bool = Field(
        False,
        description="Stop after the first pass that made the loss on the stopping questions worse (split.stopping), "
        "and take the weights of the best pass.",
    )
    learning_rate: float | None = Field(
        None, gt=0, description="Peak learning rate of AdamW. Default: 7e-5 for full, 2e-4 for lora."
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", description="Course of the learning rate after the warm-up: down to 0 by the last step, or constant."
    )
    warmup_ratio: float = Field(
        0.05, ge=0, lt=1, description="Share of the steps in which the learning rate rises from 0 to its peak."
    )
    optimizer: Literal["auto", "adamw", "factored-adamw"] = Field(
        "auto",
        description="adamw: PyTorch's, 8 bytes of state for a weight. factored-adamw: AdamW with a bfloat16 first "
        "moment and a second moment by rows and columns, 2 bytes. auto: adamw on a GPU, factored-adamw elsewhere.",
    )
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay.")
    max_grad_norm: float = Field(
        1.0, ge=0, description="Gradients are scaled down to this norm at most; 0 leaves them as they are."
    )
    batch_size: int = Field(32, ge=1, description="Rows per optimiser step.")
    micro_batch_size: int = Field(
        8,
        ge=1,
        description="Rows put through the model at once, at most: the largest divisor of batch_size up to this. Fewer "
        "need less memory, and change the result only by rounding.",
    )
    max_length: int = Field(
        1024,
        ge=16,
        description="Tokens of a training sequence at most. Longer passages are split; of longer instructions the "
        "prompt's beginning is left out.",
    )
    lora_rank: int = Field(16, ge=1, description="Rank of the LoRA matrices.")
    lora_alpha: float = Field(32.0, gt=0, description="LoRA's scale: updates are multiplied by lora_alpha / lora_rank.")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the LoRA matrices.")
    lora_targets: str = Field(
        "all-linear",
        min_length=1,
        description="Modules that get an adapter: all-linear, or names separated by commas, such as q_proj,v_proj.",
    )
    merge: bool = Field(
        True, description="Merge LoRA adapters into the model's weights (true), or keep them as a PEFT adapter (false)."
    )
    precision: Literal["auto", "mixed", "float32", "bfloat16"] = Field(
        "auto",
        description="mixed: float32 weights, bfloat16 arithmetic. bfloat16: weights too, in half the memory, but "
        "updates much smaller than a weight are lost. auto: mixed where the device is fast at bfloat16, else float32.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to train. auto: a GPU if any.")
    gradient_checkpointing: bool | None = Field(
        None,
        description="Keep fewer activations and compute them again: less memory, some 15 % slower on a CPU, up to half "
        "on a GPU. Default: true, but on a GPU that has room for all of them false.",
    )
    checkpoint_seconds: float = Field(
        90.0,
        ge=0,
        description="Seconds between checkpoints to resume from (more where writing one takes long); 0 writes none.",
    )
    processes: int = Field(
        1,
        ge=0,
        description="Processes on this machine that train together, each on a share of every step's rows. 1: the run's "
        "own. 0: one for each GPU.",
    )
    strategy: Strategy | None = Field(
        None,
        description="What several processes divide. ddp: the rows alone. fsdp: weights, gradients and the optimizer's "
        "state too (FSDP2). zero2, zero3: DeepSpeed's. Default: ddp, or as the accelerate file says.",
    )
    accelerate: Path | None = Field(
        None,
        exclude=True,
        description="A file as `accelerate config` writes it, in the place of processes and strategy: several "
        "machines, and all else that accelerate can do. Relative to the configuration's folder.",
    )
    launcher: str = Field(
        "",
        exclude=True,
        description="What starts a command on every machine that the accelerate file names, such as "
        "`srun --ntasks-per-node=1`.",
    )
    report_to: tuple[Tracker, ...] = Field(
        (),
        exclude=True,
        description="Trackers that follow the training: tensorboard, trackio, wandb, mlflow.",
    )

    @property
    def rows_at_once(self) -> int:
        """Rows in one pass through the model."""
        return max(n for n in range(1, min(self.micro_batch_size, self.batch_size) + 1) if self.batch_size % n == 0)

    @property
    def share(self) -> float:
        """Of the way from the starting weights to the trained ones, what the result goes."""
        return self.interpolation if self.interpolation is not None else SHARES[self.strength]

    @property
    def peak_learning_rate(self) -> float:
        return self.learning_rate if self.learning_rate is not None else LEARNING_RATES[self.method]
