"""How an engine's processes are started."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

RANK = '"${SLURM_NODEID:-${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}}"'
"""Which machine of a launch a shell is on, as srun, Open MPI's mpirun and others say it."""


def accelerate_command(
    module: str, *, processes: int, cpu: bool, config: Path | None = None, launcher: Sequence[str] = ()
) -> list[str]:
    """`accelerate launch` of the Python module `module`: `processes` of it on this machine, or as the file `config`,
    which `accelerate config` writes, has it. `launcher` comes before, such as `srun` with its options: it has to start
    the command once on every machine, and this machine is the first of them."""
    command = [sys.executable, "-m", "accelerate.commands.launch"]
    if cpu:
        # accelerate's own flag for CPUs would start the processes by MPI.
        command = ["env", "ACCELERATE_USE_CPU=true", *command]
    if config is not None:
        command += ["--config_file", str(config)]
    else:
        command += ["--num_processes", str(processes), "--num_machines", "1", "--main_process_port", "0"]
        command += ["--mixed_precision", "no", "--dynamo_backend", "no"]
    if processes > 1 and (cpu or config is None):
        command += ["--multi_gpu"]  # in accelerate's words any processes that torch's own launcher starts
    if not launcher:
        return [*command, "--module", module]
    # The master listens on this machine, so the launch's first process has to be here.
    command += ["--main_process_ip", socket.gethostname()]
    return [*launcher, "sh", "-c", f'exec "$@" --machine_rank {RANK} --module {module}', "sh", *command]
