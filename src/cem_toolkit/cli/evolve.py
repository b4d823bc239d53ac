"""`cem-toolkit evolve`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> list[str] | None:
    """A comma-separated list, or None where the option is not given."""
    return [name.strip() for name in value.split(",") if name.strip()] if value is not None else None


def arms(ctx: click.Context, parameter: click.Parameter, value: str | None) -> list[str] | None:
    from cem_toolkit.arms import ARMS

    return list(ARMS) if value == "all" else names(ctx, parameter, value)


OPTIONS = (
    click.option(
        "--preset",
        help="Fill what is left open from a preset, such as `embedded` (the default without --model and --tasks).",
    ),
    click.option(
        "--model", "-m", help="A hub id, a local folder, a GGUF file, or a folder's address (s3://bucket/model)."
    ),
    click.option(
        "--tasks",
        "-t",
        callback=names,
        help="Comma-separated harness tasks, folders with task YAMLs, or question files.",
    ),
    click.option("--general", callback=names, help="Comma-separated tasks that are only watched, for forgetting."),
    click.option(
        "--plugins",
        "-p",
        callback=names,
        help="Comma-separated components: knowledge sources and a trainer [default: wiki,trl].",
    ),
    click.option("--rounds", "-r", type=int, help="How many times to go round the loop [default: 1]."),
    click.option("--seed", "-s", type=int, help="All randomness comes from it [default: 0]."),
    click.option(
        "--arms",
        callback=arms,
        help="Comma-separated control arms to train beside every round: random, instructions, passages, review; or "
        "`all`.",
    ),
    click.option(
        "--seeds", type=int, help="Train every round with so many seeds, to tell gains from noise [default: 1]."
    ),
    click.option(
        "--strength",
        type=click.Choice(["careful", "balanced", "eager"]),
        help="How far a round goes from the model that it began with: careful breaks less, eager fixes more; what the "
        "trainer's option of that name says [default: balanced].",
    ),
    click.option(
        "--executor",
        type=click.Choice(["local", "ray"]),
        help="Train control arms and seeds one after the other in this process, or side by side by Ray "
        "[default: local].",
    ),
    click.option(
        "--out", "-o", help="The folder that holds the runs, or its address (s3://bucket/runs) [default: runs]."
    ),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="Any other option, such as trainer.epochs=3; repeatable.",
    ),
)
"""What a run is configured by, besides a file: of `evolve`, and of `sweep`, which runs several."""


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def chosen(given: dict[str, Any], strength: str | None, assignments: tuple[str, ...]) -> dict[str, Any]:
    """The values that the options stand for."""
    from cem_toolkit.config import set_value

    values = {name: value for name, value in given.items() if value is not None}
    for assignment in (*([f"trainer.strength={strength}"] if strength else []), *assignments):
        set_value(values, assignment)
    return values


@click.command("evolve")
@click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file; `cem-toolkit init` writes one.")
@run_options
@click.option(
    "--name",
    help="The run's name. Where there is a run of that name it is gone on with: for schedulers, which restart a job by "
    "the same command [default: a new one for each run].",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the plan: stages, what is reused, questions, tokens, time, disk. Write nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    config: Path | None,
    assignments: tuple[str, ...],
    strength: str | None,
    name: str | None,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Run the loop: evaluate, mine, retrieve, mix, train, evaluate again.

    With nothing configured it runs the embedded preset: Gemma 3 270M, Wikipedia summaries, and questions made from the
    World Factbook. Finished stages of earlier runs in the same folder are reused where nothing that they depend on
    has changed.
    """
    from cem_toolkit import evolving
    from cem_toolkit.cli.summary_tables import print_summary
    from cem_toolkit.cli.tables import print_plan

    values = chosen(given, strength, assignments)
    if dry_run:
        plan = evolving.plan(config, **values)
        click.echo(json.dumps(plan.to_json(), indent=2)) if as_json else print_plan(plan)
        return
    summary = evolving.evolve(config, name=name, **values).summary()
    click.echo(json.dumps(summary, indent=2)) if as_json else print_summary(summary)
