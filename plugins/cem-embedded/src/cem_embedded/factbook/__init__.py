"""Four-choice questions made from the CIA World Factbook (public domain)."""

from cem_embedded.factbook.data import factbook_version
from cem_embedded.factbook.make import make_questions, write_questions

__all__ = ["factbook_version", "make_questions", "write_questions"]
