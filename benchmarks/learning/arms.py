"""The arms of the study: the defaults, and each of their parts left out or put in the place of something else."""

from collections.abc import Mapping
from typing import Any

Overlay = Mapping[str, Mapping[str, Any]]

WHOLE = {"pieces": {"sentences": 0}}
UNCHANGED = {"rewriters": {"rules": {"statements": 0, "questions": 0, "blanks": 0}}}
AS_IT_IS = {"open_book": "all", "weights": {}}
PAPER_SHARES = {"passage": 0.4, "normative": 0.15, "extractive": 0.3, "review": 0.1, "general": 0.05}

ARMS: dict[str, Overlay] = {
    "defaults": {},
    "thorough": {"mixer": {"token_budget": 11_000}, "trainer": {"interpolation": 0.45}},
    "seen once": {"mixer": {"weights": {}}},
    "less review": {"mixer": {"shares": {"passage": 0.6, "normative": 0.25, "review": 0.1, "general": 0.05}}},
    "raw passages": {**WHOLE, **UNCHANGED, "mixer": {**AS_IT_IS, "shares": {"passage": 1}}},
    "the paper's rows": {**WHOLE, "mixer": {**AS_IT_IS, "shares": PAPER_SHARES}},
    "without cutting": WHOLE,
    "without rewriting": UNCHANGED,
    "without blanks": {"rewriters": {"rules": {"blanks": 0}}},
    "with links": {"rewriters": {"rules": {"links": 2}}},
    "without review": {"mixer": {"review": 0}},
    "unsure reviewed first": {"mixer": {"review_first": "unsure"}},
    "with KL": {"trainer": {"kl": 1.0}},
    "with early stopping": {"split": {"stopping": 0.1}, "trainer": {"epochs": 5, "early_stopping": True}},
    "without reading first": {"mixer": {"open_book": "all"}},
    "all the way": {"trainer": {"interpolation": 1.0}},
    "careful": {"trainer": {"strength": "careful"}},
    "eager": {"trainer": {"strength": "eager"}},
    "answer pairs": {
        "mixer": {"own_pairs": True, "weights": {}, "shares": {"normative": 0.65, "review": 0.3, "general": 0.05}},
    },
}
"""Configuration laid over the defaults. Every pass has the same budget of tokens, but where an arm sets its own."""
RANDOM = {"defaults": "random passages", "thorough": "random passages, thorough"}
"""Arms beside which the same recipe is trained on passages about something else, and what that is called."""
OWN_PAGES = "factbook, own pages"
SMALL = {
    "factbook": ("defaults", "raw passages", "the paper's rows", "answer pairs"),
    OWN_PAGES: ("defaults",),
}
"""Those of the small form, by set; of a question file the defaults alone."""
