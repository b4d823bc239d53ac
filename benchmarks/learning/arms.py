"""The arms of the study: the defaults, and each of their parts left out or put in the place of something else."""

from collections.abc import Mapping
from typing import Any

Overlay = Mapping[str, Mapping[str, Any]]

WHOLE = {"pieces": {"sentences": 0}}
UNCHANGED = {"rewriters": {"rules": {"statements": 0, "questions": 0, "blanks": 0}}}
PAPER_SHARES = {"passage": 0.4, "normative": 0.15, "extractive": 0.3, "review": 0.1, "general": 0.05}

ARMS: dict[str, Overlay] = {
    "defaults": {},
    "less review": {"mixer": {"shares": {"passage": 0.45, "normative": 0.35, "review": 0.15, "general": 0.05}}},
    "raw passages": {**WHOLE, **UNCHANGED, "mixer": {"shares": {"passage": 1}, "open_book": "all"}},
    "the paper's rows": {**WHOLE, "mixer": {"shares": PAPER_SHARES, "open_book": "all"}},
    "without cutting": WHOLE,
    "without rewriting": UNCHANGED,
    "without review": {"mixer": {"review": 0}},
    "without reading first": {"mixer": {"open_book": "all"}},
    "all the way": {"trainer": {"interpolation": 1.0}},
    "careful": {"trainer": {"strength": "careful"}},
    "eager": {"trainer": {"strength": "eager"}},
    "answer pairs": {
        "mixer": {"own_pairs": True, "shares": {"normative": 0.65, "review": 0.3, "general": 0.05}},
    },
}
"""Configuration laid over the defaults. Every pass has the same budget of tokens."""
RANDOM = {"defaults": "random passages", "less review": "random passages, less review"}
"""Arms beside which the same recipe is trained on passages about something else, and what that is called."""
SMALL = ("defaults", "less review", "raw passages", "the paper's rows", "without review", "all the way", "answer pairs")
"""Those of the small form."""
