"""What `cem-toolkit ledger` prints of all questions."""

from collections import Counter
from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from cem_toolkit.cli.tables import make_console
from cem_toolkit.ledger import Entry, shipped_round
from cem_toolkit.plain import brief, plain
from cem_toolkit.run import Run

STATUSES = ("kept right", "fixed", "broken", "still wrong", "")
COLUMNS = ("mined", "sibling", "held_out", "selection", "stopping", "reviewed", "general")
LONGEST = 200
"""Characters of a cell that are worth laying out; the table cuts them to the room there is."""


def print_ledger(run: Run, entries: Iterable[Entry], limit: int) -> None:
    """Prints the first `limit` entries and counts all of them."""
    table = Table("id", "task", "split", "path", "status", "lesson", "question")
    for column in table.columns:
        column.no_wrap = column.header not in ("task", "question")  # these two give way where there is little room
    counts: Counter[tuple[str, str]] = Counter()
    lessons: Counter[str] = Counter()
    for number, entry in enumerate(entries):
        if number < limit:
            table.add_row(*_cells(entry))
        counts[entry.status, "reviewed" if entry.reviewed else entry.split] += 1
        lessons[entry.lesson_status] += 1
    out = make_console()
    if not counts:
        out.print("no question is so")
        return
    out.print(Text(f"run {plain(run.name)}"), soft_wrap=True)
    out.print(table)
    if counts.total() > limit:
        out.print(f"{limit:,} of {counts.total():,} are listed; --limit {counts.total()} lists all of them")
    shipped = shipped_round(run)
    why = "no round was accepted" if run.rounds else "no round is finished"
    model = f"the model of round {shipped}" if shipped else f"{why}, so it is the starting model itself"
    out.print(f"starting model against the shipped one ({model}):", soft_wrap=True)
    out.print(_counts(counts))
    if said := ", ".join(f"{count:,} {name}" for name, count in lessons.most_common() if name):
        out.print(f"mistakes that might steer the run: {said}", soft_wrap=True)
    if not run.finished:
        out.print(Text(f"the run is not finished; `cem-toolkit resume {plain(run.name)}` goes on"), soft_wrap=True)


def _cells(entry: Entry) -> list[Text]:
    split = f"{entry.split} (reviewed)" if entry.reviewed else entry.split
    values = (entry.id, entry.task, split, entry.path, entry.status or "not asked", entry.lesson_status, entry.question)
    return [Text(brief(value, LONGEST), no_wrap=True, overflow="ellipsis") for value in values]


def _counts(counts: Counter[tuple[str, str]]) -> Table:
    """By status and split; as everywhere, questions whose own pair was trained on are counted apart."""
    table = Table("status")
    columns = [name for name in COLUMNS if any(column == name for _, column in counts)]
    columns += sorted({column for _, column in counts} - set(COLUMNS))
    for name in (*columns, "all"):
        table.add_column(Text(plain(name or "no split")), justify="right")
    for status in STATUSES:
        row = [counts[status, name] for name in columns]
        if sum(row):
            table.add_row(status or "not asked", *(f"{count:,}" for count in (*row, sum(row))))
    return table
