"""What `cem-toolkit ledger` prints of one question: its whole story."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cem_toolkit.cli.tables import make_console
from cem_toolkit.ledger import Entry, Lesson, PassageRef, Texts, shipped_round
from cem_toolkit.plain import brief, plain
from cem_toolkit.records import Passage, Row
from cem_toolkit.run import Run

FLIPS = {
    True: "with it shown, the model answers rightly",
    False: "with it shown, the model still answers wrongly",
    None: "not tested with it shown",
}
BEFORE, AFTER = ">>> ", " <<<"
"""Round the telling sentence, for terminals and files without colours."""


def print_story(run: Run, entry: Entry, texts: Texts) -> None:
    out = make_console()
    group = f", group {entry.group}" if entry.group else ""
    _say(out, f"{entry.id} ({entry.task}, {entry.split or 'no split'}{group})", 0)
    _say(out, entry.question, 0, "bold")
    for choice in entry.choices:
        _say(out, f"{'*' if choice == entry.gold else '-'} {choice}", 2)
    if not entry.choices:
        _say(out, f"right answer: {entry.gold}", 2)
    out.print(_answers(run, entry))
    _say(out, " ".join(_standing(entry)), 0)
    for lesson in entry.lessons:
        _tell_lesson(out, entry, lesson, texts)
    if not run.finished:
        _say(out, f"the run is not finished; `cem-toolkit resume {run.name}` goes on", 0)


def _answers(run: Run, entry: Entry) -> Table:
    shipped = shipped_round(run)
    table = Table("round", "answer", "", "margin", "model")
    answers = {given.round: given for given in entry.answers}
    for number in range(len(entry.path)):
        given = answers.get(number)
        if given is None:
            table.add_row(str(number), "not asked", "-", "-", "shipped" if number == shipped else "")
            continue
        models = ["starting model"] if given.round == 0 else []
        models += ["shipped"] if given.round == shipped else []
        models += ["rejected by the gate"] if not run.round(given.round).accepted else []
        margin = f"{given.margin:+.2f} nats" if entry.choices else "-"
        right = "right" if given.correct else "wrong"
        table.add_row(str(given.round), Text(plain(given.answer)), right, margin, ", ".join(models))
    return table


def _standing(entry: Entry) -> list[str]:
    said = [f"{entry.status or 'not asked of the shipped model'}."]
    if entry.lesson_status:
        said.append(f"As a mistake: {entry.lesson_status}.")
    if entry.split != "mined":
        said.append("This question may not steer the run.")
    if entry.reviewed:
        said.append("Its own question and answer were trained on.")
    return said


def _tell_lesson(out: Console, entry: Entry, lesson: Lesson, texts: Texts) -> None:
    out.print()
    evidence = "; ".join(lesson.evidence) or "no evidence noted"
    _say(out, f"round {lesson.round}: taken for a {lesson.kind} mistake ({evidence})", 0, "bold")
    if lesson.agreement is not None:
        _say(out, f"the same wrong answer in {lesson.agreement:.0%} of the other ways of asking", 2)
    _say(out, f"looked up: {' | '.join(lesson.queries) or 'nothing'}", 2)
    if not lesson.passages:
        _say(out, "no passage that might be used was found", 2)
    for reference in lesson.passages:
        _tell_passage(out, entry, reference, texts.passages.get(reference.id))
    for drop in lesson.drops:
        dropped = texts.passages.get(drop.id)
        what = f"passage {brief(dropped.title, 80)!r}" if dropped else f"row {drop.id}"
        _say(out, f"dropped by the leak guard: {what} ({drop.reason}; {drop.detail})", 2)
    if not lesson.rows:
        _say(out, "no training row came of it", 2)
    for row in lesson.rows:
        _tell_row(out, row.id, texts.rows.get(row.id))


def _tell_passage(out: Console, entry: Entry, reference: PassageRef, passage: Passage | None) -> None:
    licence = f", {passage.licence}" if passage else ""
    _say(out, f"passage {reference.rank + 1}: {reference.title} ({reference.source}{licence})", 2, "bold")
    _say(out, f"{reference.url or 'no address'}; {FLIPS.get(reference.flips, '')}", 4)
    if passage is None:
        _say(out, f"its text ({reference.id}) is not in the run's folder", 4)
        return
    out.print(Padding(_marked(passage.text, entry), (0, 0, 0, 4), expand=False))


def _marked(text: str, entry: Entry) -> Text:
    """The passage with the sentence that most likely teaches the answer set off."""
    from cem_toolkit.excerpts import telling_sentence

    sentence = telling_sentence(text, entry.question, entry.gold)
    before, found, after = text.partition(sentence) if sentence else (text, "", "")
    if not found:
        return Text(plain(text))
    return Text.assemble(plain(before), (f"{BEFORE}{plain(found)}{AFTER}", "bold reverse"), plain(after))


def _tell_row(out: Console, row_id: str, row: Row | None) -> None:
    if row is None:
        _say(out, f"row {row_id}: its text is not in the run's folder", 2)
        return
    times = f", weight {row.weight:g}" if row.weight != 1 else ""
    own = ", holds the question's own pair" if row.own_pairs else ""
    _say(out, f"{row.kind} row {row.id} ({row.tokens:,} tokens{times}{own})", 2, "bold")
    if row.prompt:
        _say(out, "prompt:", 4)
        _say(out, row.prompt, 6)
    _say(out, "to be unlearnt:" if row.kind == "forget" else "completion:", 4)
    _say(out, row.completion, 6)
    if row.rejected:
        _say(out, "rather than:", 4)
        _say(out, row.rejected, 6)


def _say(out: Console, text: str, indent: int, style: str = "") -> None:
    """A paragraph, wrapped below its indent."""
    out.print(Padding(Text(plain(text), style), (0, 0, 0, indent), expand=False))
