"""In how many processes a training runs, and what they divide among them."""

import importlib.util
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from cem_toolkit.api import CemError, Context
from cem_trl.options import Strategy, TrlOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a training is divided."""

    processes: int = 1
    """On all machines together."""
    strategy: Strategy = "ddp"
    config: Path | None = None
    """accelerate's configuration, where it decides."""
    launcher: tuple[str, ...] = ()

    @property
    def launched(self) -> bool:
        """Whether the training has processes of its own, beside the run's."""
        return self.processes > 1

    @property
    def sharded(self) -> bool:
        """Whether no process has all weights."""
        return self.strategy != "ddp"

    def share(self, options: TrlOptions) -> tuple[int, int]:
        """Rows that a process takes at once, and how many times it does so in a step."""
        if self.processes == 1:
            return options.rows_at_once, options.batch_size // options.rows_at_once
        rows = -(-options.batch_size // self.processes)
        times = -(-rows // options.micro_batch_size)
        return -(-rows // times), times


ALONE = Layout()
"""In the run's own process."""


def choose_layout(options: TrlOptions, ctx: Context, device: str) -> Layout:
    """As the options describe it. Raises CemError where it cannot be, or cannot be together with other options."""
    layout = from_file(options, ctx) if options.accelerate is not None else _on_this_machine(options, device)
    _check(layout, options, device)
    return layout


def _on_this_machine(options: TrlOptions, device: str) -> Layout:
    if options.launcher:
        raise CemError("launcher starts processes on several machines: name the accelerate file that describes them")
    gpus = torch.cuda.device_count() if device == "cuda" else 1
    processes = options.processes or gpus
    if processes == 1:
        return Layout()  # nothing is divided, so that one configuration serves a laptop as well
    if device == "cuda" and processes > gpus:
        raise CemError(f"processes is {processes}, and PyTorch sees {gpus} GPUs: set processes to {gpus}, or to 0")
    return Layout(processes=processes, strategy=options.strategy or "ddp")


def from_file(options: TrlOptions, ctx: Context) -> Layout:
    """As the accelerate file of the options says. Raises CemError where it cannot be trained by."""
    assert options.accelerate is not None  # noqa: S101 (the caller has seen to it)
    file = ctx.config_folder / options.accelerate
    values = _read(file)
    strategy, processes = _strategy(values, file), values.get("num_processes")
    if not (isinstance(processes, int) and processes >= 1):
        raise CemError(f"{file} says no num_processes from 1: write it by `accelerate config`")
    if options.processes not in (1, processes):
        raise CemError(f"processes is {options.processes}, and {file} says {processes}: leave processes out")
    if options.strategy not in (None, strategy):
        raise CemError(f"strategy is {options.strategy}, and {file} says {strategy}: leave strategy out")
    machines = values.get("num_machines", 1)
    if machines != 1 and not options.launcher:
        raise CemError(f"{file} names {machines} machines: say by launcher what starts a command on each of them")
    launcher = tuple(shlex.split(options.launcher))
    return Layout(processes=processes, strategy=strategy, config=file, launcher=launcher)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CemError(f"the accelerate file {file} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise CemError(f"{file} is no configuration of accelerate: write it by `accelerate config`")
    return values


def _strategy(values: Mapping[str, Any], file: Path) -> Strategy:
    kind = str(values.get("distributed_type", "NO"))
    if kind in ("NO", "MULTI_GPU", "MULTI_CPU"):
        return "ddp"
    settings = values.get(f"{kind.lower()}_config")
    settings = settings if isinstance(settings, dict) else {}
    if kind == "FSDP":
        if str(settings.get("fsdp_version", 1)) != "2":
            raise CemError(f"{file} describes FSDP1, which transformers gives up: set fsdp_version to 2")
        if settings.get("fsdp_state_dict_type", "FULL_STATE_DICT") != "FULL_STATE_DICT":
            raise CemError(f"{file}: set fsdp_state_dict_type to FULL_STATE_DICT, for PyTorch reads others by pickle")
        return "fsdp"
    if kind == "DEEPSPEED" and settings.get("zero_stage") in (2, 3):
        return "zero2" if settings["zero_stage"] == 2 else "zero3"
    raise CemError(f"{file} describes {kind}: data parallel, FSDP2, and DeepSpeed's ZeRO 2 and 3 can be trained by")


def _check(layout: Layout, options: TrlOptions, device: str) -> None:
    """Raises CemError for what cannot be together."""
    if not layout.launched:
        return
    if device == "mps":
        raise CemError("several processes train on GPUs of NVIDIA's or AMD's or on CPUs: set processes to 1")
    if options.batch_size < layout.processes:
        raise CemError(f"batch_size {options.batch_size} is less than a row for each of {layout.processes} processes")
    if not layout.sharded:
        return
    if layout.strategy != "fsdp":
        if device != "cuda":
            raise CemError(f"strategy {layout.strategy} needs GPUs: use ddp or fsdp")
        if importlib.util.find_spec("deepspeed") is None:
            raise CemError(f"strategy {layout.strategy} needs deepspeed: pip install deepspeed")
        if options.precision == "bfloat16":
            raise CemError(f"strategy {layout.strategy} goes with precision mixed or float32")
    for wished, what in (
        (options.kl > 0, "kl"),
        (options.early_stopping, "early_stopping"),
        (options.optimizer == "factored-adamw", "optimizer factored-adamw"),
    ):
        if wished:
            raise CemError(f"{what} needs whole weights in every process, and {layout.strategy} divides them: use ddp")
