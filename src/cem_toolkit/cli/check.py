"""`cem-toolkit check`."""

import contextlib
import dataclasses
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from cem_toolkit.plugins import ROLES

if TYPE_CHECKING:
    from cem_toolkit.plugins import Registered
    from cem_toolkit.testing.running import Outcome

COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


@click.command("check")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="Where NAME fills several roles: only this one.")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    help="A configuration: its options for NAME, and the cem_plugins.py beside it.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="OPTION=VALUE",
    help="An option of the component, such as top_k=3; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    role: str | None,
    config: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check that the installed component NAME keeps the rules of its role, without a test file.

    What is checked is what a subclass of the role's suite in `cem_toolkit.testing` checks, on built-in questions and
    texts. Exit code 1 where a check failed.
    """
    from cem_toolkit.checking import find_components, make_suite, options_in
    from cem_toolkit.config import read_yaml, set_value
    from cem_toolkit.errors import CemError
    from cem_toolkit.local import discover_with
    from cem_toolkit.testing.running import run_suite

    if not __debug__:
        raise CemError("check: Python runs with -O, so without the assertions that checks are made of; leave it out")
    values = read_yaml(config) if config else {}
    folder = config.parent.resolve() if config else Path.cwd()
    plugins = discover_with(folder if config else None, lambda line: click.echo(line, err=True))
    entries = find_components(plugins, name, role)
    if assignments and len(entries) > 1:
        roles = " and ".join(entry.role for entry in entries)
        raise CemError(f"--set: {name!r} is a {roles}: say which by --role")
    said: list[dict[str, Any]] = []
    out = sys.stdout
    with tempfile.TemporaryDirectory(prefix="cem-check-cache-") as cache, contextlib.redirect_stdout(sys.stderr):
        suites = []
        for entry in entries:
            options = options_in(values, entry, plugins)
            for assignment in assignments:
                set_value(options, assignment)
            where = str(config) if config else f"{entry.role} {name}"
            place = Path(cache) / entry.role
            place.mkdir()
            suites.append((entry, options, make_suite(entry, options, folder, place, where)))
        for entry, options, suite in suites:
            title = f"{entry.role} {name} {entry.cls.version} ({entry.distribution})"
            outcomes = list(_shown(title, run_suite(suite), None if as_json else out))
            said.append(_told(entry, options, outcomes))
    passed = all(component["passed"] for component in said)
    if as_json:
        click.echo(json.dumps({"components": said, "passed": passed}, indent=2, default=str))
    ctx.exit(0 if passed else 1)


def _shown(title: str, outcomes: "Iterable[Outcome]", out: TextIO | None) -> "Iterator[Outcome]":
    """Each as it comes, printed to `out`, for some take a while. What libraries print meanwhile goes to stderr."""
    counts: Counter[str] = Counter()
    if out:
        click.echo(title, file=out)
    for outcome in outcomes:
        counts[outcome.status] += 1
        if out:
            word = click.style(f"{outcome.status:8}", fg=COLOURS[outcome.status])
            click.echo(f"  {word} {outcome.check}{': ' if outcome.reason else ''}{outcome.reason}", file=out)
        yield outcome
    if out:
        click.echo(", ".join(f"{counts[status]} {status}" for status in COLOURS), file=out)


def _told(entry: "Registered", options: dict[str, Any], outcomes: "list[Outcome]") -> dict[str, Any]:
    return {
        "role": entry.role,
        "name": entry.cls.name,
        "version": entry.cls.version,
        "distribution": entry.distribution,
        "options": options,
        "checks": [dataclasses.asdict(outcome) for outcome in outcomes],
        "passed": not any(outcome.status == "failed" for outcome in outcomes),
    }
