"""Four-choice questions made from the CIA World Factbook (public domain), and its entries to look them up in."""

from cem_embedded.factbook.data import factbook_version
from cem_embedded.factbook.make import make_questions, write_questions
from cem_embedded.factbook.pages import write_pages

__all__ = ["factbook_version", "make_questions", "write_pages", "write_questions"]
