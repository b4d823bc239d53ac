"""How an engine's processes are started."""

import sys
from collections.abc import Sequence
from pathlib import Path


def accelerate_command(
    module: str, *, processes: int, cpu: bool, config: Path | None = None, launcher: Sequence[str] = ()
) -> list[str]:
    """`accelerate launch` of the Python module `module`: `processes` of it on this machine, or as the file `config`,
    which `accelerate config` writes, has it. `launcher` comes before, such as `srun` with its options."""
    # accelerate's own flag for CPUs would start the processes by MPI.
    on_cpu = ["env", "ACCELERATE_USE_CPU=true"] if cpu else []
    command = [*launcher, *on_cpu, sys.executable, "-m", "accelerate.commands.launch"]
    if config is not None:
        command += ["--config_file", str(config)]
    else:
        command += ["--num_processes", str(processes), "--num_machines", "1", "--main_process_port", "0"]
        command += ["--mixed_precision", "no", "--dynamo_backend", "no"]
        if processes > 1:
            command += ["--multi_gpu"]  # in accelerate's words any processes that torch's own launcher starts
    return [*command, "--module", module]
