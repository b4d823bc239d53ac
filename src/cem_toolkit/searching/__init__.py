"""What knowledge sources that search have in common: how the pages of a mistake's queries are ranked, read, made safe
and told.

A source subclasses `SearchSource`, with options that subclass `SearchOptions`, and opens a `Backend`: a place where
pages are searched.
"""

from cem_toolkit.searching.backend import Backend
from cem_toolkit.searching.encoder import find_encoder
from cem_toolkit.searching.fusion import fuse
from cem_toolkit.searching.options import SearchOptions
from cem_toolkit.searching.pages import Page, clean, fold_accents, match_key
from cem_toolkit.searching.ranking import whole_question
from cem_toolkit.searching.source import SearchSource

__all__ = [
    "Backend",
    "Page",
    "SearchOptions",
    "SearchSource",
    "clean",
    "find_encoder",
    "fold_accents",
    "fuse",
    "match_key",
    "whole_question",
]
