"""The ledger: every question's history over a run's rounds, and what the run did about its mistakes."""

from cem_toolkit.ledger.entries import Answer, Entry, Lesson, LessonStatus, PassageRef, RowRef, Status
from cem_toolkit.ledger.finding import entry
from cem_toolkit.ledger.reading import read_ledger, shipped_round
from cem_toolkit.ledger.texts import Texts, lesson_texts

__all__ = [
    "Answer",
    "Entry",
    "Lesson",
    "LessonStatus",
    "PassageRef",
    "RowRef",
    "Status",
    "Texts",
    "entry",
    "lesson_texts",
    "read_ledger",
    "shipped_round",
]
