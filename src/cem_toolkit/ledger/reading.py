"""Reads a run's ledger off its files."""

from collections.abc import Container, Iterable, Iterator, Mapping

from cem_toolkit.errors import CemError
from cem_toolkit.ledger.entries import Answer, Entry, Key, Lesson, LessonStatus, Status
from cem_toolkit.ledger.files import lines_of, records_of
from cem_toolkit.ledger.lessons import read_lessons
from cem_toolkit.records import Attempt, Row
from cem_toolkit.run import Round, Run

FURTHEST: tuple[LessonStatus, ...] = ("trained", "retrieved, not trained", "dropped as leak", "never retrieved")


def shipped_round(run: Run) -> int:
    """The number of the last finished round that the gate accepted; 0 (the starting model) where there is none."""
    return max((turn.number for turn in run.rounds if turn.accepted), default=0)


def reviewed_questions(run: Run, number: int) -> frozenset[str]:
    """Ids of the questions whose own answer pair was trained on in the rounds that lead to round `number`'s model."""
    reviewed: set[str] = set()
    while number > 0:
        turn = run.round(number)
        for row in lines_of(turn, Row, "mix/rows.jsonl"):
            reviewed.update(row.get("own_pairs", ()))
        number = min(turn.base, number - 1)
    return frozenset(reviewed)


def attempts_of(turn: Round) -> Iterator[Attempt]:
    """A round's attempts, one at a time. Raises CemError where it has not been evaluated."""
    if not turn.stage("evaluate"):
        raise CemError(f"{turn.folder}: has not been evaluated yet; `cem-toolkit resume {turn.folder.parent}` goes on")
    return records_of(turn, Attempt, "evaluate/attempts.jsonl")


def read_ledger(run: Run, only: Container[Key] | None = None) -> Iterator[Entry]:
    """Every question's entry, in the order of the starting model's evaluation; those in `only` where it is given.

    No question's or passage's text is held but the one being yielded. A round that is not evaluated yet tells of its
    lessons once its training set is made. Raises CemError where nothing has been evaluated, or a file is damaged.
    """
    rounds = run.rounds
    shipped = shipped_round(run)
    later = {turn.number: dict(_answers(turn, only)) for turn in rounds}
    taught = {turn.number: read_lessons(turn, only) for turn in _mixed(run)}
    bases = {run.round(number).base for number in taught}
    reviewed = reviewed_questions(run, shipped)
    seen: set[Key] = set()
    for attempt in attempts_of(run.start):
        key = _key(attempt)
        if key in seen or (only is not None and key not in only):
            continue
        seen.add(key)
        answers = {0: _answer(0, attempt)} | {number: given[key] for number, given in later.items() if key in given}
        lessons = tuple(_lessons_about(key, taught.values()))
        wrong = attempt.split == "mined" and any(base in answers and not answers[base].correct for base in bases)
        yield Entry(
            id=attempt.id,
            task=attempt.task,
            split=attempt.split,
            group=attempt.group,
            question=attempt.question,
            choices=attempt.choices,
            gold=attempt.gold,
            answers=tuple(answers.values()),
            lessons=lessons,
            path="".join(_mark(answers.get(number)) for number in (0, *later)),
            status=_status(answers, shipped),
            lesson_status=_furthest(lessons) if lessons else "not looked up" if wrong else "",
            reviewed=attempt.id in reviewed,
        )


def _mixed(run: Run) -> Iterator[Round]:
    """Rounds whose training set is made."""
    number = 1
    while (turn := run.round(number)).stage("mix"):
        yield turn
        number += 1


def _key(attempt: Attempt) -> Key:
    return attempt.task, attempt.id


def _answers(turn: Round, only: Container[Key] | None) -> Iterator[tuple[Key, Answer]]:
    for attempt in attempts_of(turn):
        key = _key(attempt)
        if only is None or key in only:
            yield key, _answer(turn.number, attempt)


def _answer(number: int, attempt: Attempt) -> Answer:
    return Answer(number, attempt.answer, attempt.correct, attempt.margin)


def _lessons_about(key: Key, taught: Iterable[Mapping[Key, Lesson]]) -> Iterator[Lesson]:
    for lessons in taught:
        if key in lessons:
            yield lessons[key]


def _furthest(lessons: Iterable[Lesson]) -> LessonStatus:
    reached = {lesson.status for lesson in lessons}
    return next(status for status in FURTHEST if status in reached)


def _mark(answer: Answer | None) -> str:
    return "-" if answer is None else str(int(answer.correct))


def _status(answers: Mapping[int, Answer], shipped: int) -> Status:
    if shipped not in answers:
        return ""
    if answers[0].correct:
        return "kept right" if answers[shipped].correct else "broken"
    return "fixed" if answers[shipped].correct else "still wrong"
