"""`cem-toolkit ledger`."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from cem_toolkit.cli.evolve import names
from cem_toolkit.cli.places import place_options

if TYPE_CHECKING:
    from cem_toolkit.ledger import Entry
    from cem_toolkit.run import Run

LISTED = 50
LESSONS = ("not looked up", "never retrieved", "dropped as leak", "retrieved, not trained", "trained")


@click.command("ledger")
@click.argument("run", default="latest")
@click.argument("question", required=False)
@place_options
@click.option("--status", callback=names, help="Only these: comma-separated kept right, still wrong, fixed, broken.")
@click.option(
    "--split",
    callback=names,
    help="Only these: comma-separated mined, selection, stopping, sibling, held_out, general.",
)
@click.option("--task", callback=names, help="Only questions of these comma-separated tasks.")
@click.option("--lesson", multiple=True, type=click.Choice(LESSONS), help="Only mistakes that came so far; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help=f"List so many [default: {LISTED}; with --json all].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an entry a line, or the one with all its texts.")
def command(
    run: str, question: str | None, out: str, cache: Path, limit: int | None, as_json: bool, **wanted: Any
) -> None:
    """Tell what became of each question of RUN (a path, name, address, or `latest`), or the whole story of QUESTION.

    QUESTION is an id, the beginning of one, or words of the question.
    """
    from cem_toolkit.damage import require_whole
    from cem_toolkit.folders import opened

    if question and (limit or any(wanted.values())):
        raise click.UsageError(
            "--status, --split, --task, --lesson and --limit choose from the list: leave QUESTION out"
        )
    with opened(run, out, cache) as found:
        require_whole(found)
        if question is None:
            _list(found, wanted, limit, as_json)
        else:
            _tell(found, question, as_json)


def _list(run: "Run", wanted: dict[str, Any], limit: int | None, as_json: bool) -> None:
    entries = _chosen(run, **wanted)
    if as_json:
        for entry in islice(entries, limit):
            click.echo(json.dumps(entry.to_json()))
        return
    from cem_toolkit.cli.ledger_tables import print_ledger

    print_ledger(run, entries, limit or LISTED)


def _tell(run: "Run", question: str, as_json: bool) -> None:
    from cem_toolkit.ledger import entry, lesson_texts

    found = entry(run, question)
    texts = lesson_texts(run, found)
    if as_json:
        click.echo(json.dumps({**found.to_json(), **texts.to_json()}, indent=2))
        return
    from cem_toolkit.cli.ledger_story import print_story

    print_story(run, found, texts)


def _chosen(
    run: "Run",
    status: Sequence[str] | None,
    split: Sequence[str] | None,
    task: Sequence[str] | None,
    lesson: Sequence[str],
) -> "Iterator[Entry]":
    from cem_toolkit.ledger import Status, read_ledger
    from cem_toolkit.records import Split

    _check("status", status, get_args(Status))
    _check("split", split, get_args(Split))
    if task:
        _check("task", task, sorted({name for name, _ in run.start.answers}))
    chosen = ((status, "status"), (split, "split"), (task, "task"), (lesson, "lesson_status"))
    limits = [(frozenset(values), field) for values, field in chosen if values]
    return (entry for entry in read_ledger(run) if all(getattr(entry, field) in values for values, field in limits))


def _check(what: str, given: Sequence[str] | None, known: Sequence[str]) -> None:
    from cem_toolkit.errors import CemError
    from cem_toolkit.plain import brief

    for name in given or ():
        if name not in known:
            there = ", ".join(brief(each, 80) for each in known if each)
            raise CemError(f"unknown {what} {brief(name, 80)!r}: there are {there}")
