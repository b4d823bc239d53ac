"""What the examples for schedulers tell them to run is what the command line understands."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from cem_toolkit.cli import cli

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted([*EXAMPLES.glob("slurm/*.sbatch"), *EXAMPLES.glob("slurm/*.sh")])
MANIFESTS = sorted(EXAMPLES.glob("kubernetes/*.yaml"))


def parse(command: list[str]) -> None:
    """Has click check a command line without running it."""
    context = click.Context(cli, info_name="cem-toolkit")
    found = cli.get_command(context, command[1])
    assert found, command
    found.make_context(command[1], command[2:], parent=context)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_whole_and_their_commands_understood(script: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", str(script)], check=True)  # noqa: S603
    for line in re.findall(r"^cem-toolkit .*", script.read_text(), re.MULTILINE):
        parse([word for word in shlex.split(line) if word != "&"])


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_manifests_are_yaml_and_their_commands_understood(manifest: Path) -> None:
    for command in commands(yaml.safe_load(manifest.read_text())):
        parse(command)


def commands(values: Any) -> list[list[str]]:
    """Of all containers and entrypoints in a manifest."""
    if isinstance(values, list):
        return [command for value in values for command in commands(value)]
    if not isinstance(values, dict):
        return []
    own = [[*values["command"], *values.get("args", [])]] if isinstance(values.get("command"), list) else []
    if isinstance(values.get("entrypoint"), str):
        own.append(shlex.split(values["entrypoint"]))
    return own + [command for value in values.values() for command in commands(value)]


def test_the_job_has_no_secret_in_it_and_goes_on_after_a_restart() -> None:
    job = yaml.safe_load((EXAMPLES / "kubernetes" / "job.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert any(argument.startswith("--name=") for argument in container["args"])
    for variable in container["env"]:
        assert "SECRET" not in variable["name"] or "secretKeyRef" in variable["valueFrom"]


def test_a_job_that_is_asked_to_stop_passes_that_on_and_is_queued_again(tmp_path: Path) -> None:
    """The script itself, with a run that waits for the signal, as SLURM would run it."""
    waiting = 'trap "echo stopped >> calls; kill $!; exit 143" TERM; (sleep 0.5; kill -TERM $PPID) & sleep 60 & wait'
    tools = {
        "cem-toolkit": f'echo "$@" >> calls; {waiting}',
        "scontrol": 'echo "scontrol $@" >> calls',
    }
    for name, text in tools.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", str(EXAMPLES / "slurm" / "one-node.sbatch"), "cem.yaml"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "4711", "CEM_OUT": "s3://bucket/runs"},
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == [
        "evolve --config cem.yaml --out s3://bucket/runs --name slurm-4711",
        "stopped",
        "scontrol requeue 4711",
    ]


def test_each_machine_s_launcher_gets_its_number() -> None:
    command = ["echo", "-m", "accelerate.commands.launch", "--config_file", "accelerate.yaml", "--module", "m"]
    said = subprocess.run(  # noqa: S603
        ["/bin/bash", str(EXAMPLES / "slurm" / "on-each-node.sh"), *command],
        env={"PATH": "/usr/bin:/bin", "SLURM_NODEID": "3"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == "-m accelerate.commands.launch --machine_rank 3 --config_file accelerate.yaml --module m\n"
