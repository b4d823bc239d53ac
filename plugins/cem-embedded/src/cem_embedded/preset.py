"""The preset `embedded`: the packaged model, Factbook questions and Wikipedia summaries, as a configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, Preset

ASKED = frozenset(
    {
        "capital",
        "border",
        "subregion",
        "highest_point",
        "largest_city",
        "official_language",
        "ethnic_group",
        "independence_year",
        "independence_from",
        "former_name",
        "local_name",
        "currency",
    }
)
"""What an encyclopedia may tell. Questions by negation, and titles in other languages, are made but not asked."""
WATCHED = frozenset({"internet_code"})
"""Known by heart or not at all, and in no encyclopedia's opening: a watch on forgetting."""

TOKEN_BUDGET = 5_600
"""Of one pass over the training set. Two CPU cores train on it for two minutes, and again for a control arm."""
READ = 2
"""Passages of a mistake that the open-book test tries: half a minute, with one of another mistake."""


class Embedded(Preset):
    """Gemma 3 270M (Gemma Terms of Use apply), questions from the World Factbook, summaries from Wikipedia."""

    name = "embedded"
    version = "3"
    summary = (
        "Gemma 3 270M (the Gemma Terms of Use apply: https://ai.google.dev/gemma/terms), "
        "World Factbook questions and entries (public domain), Wikipedia summaries (CC BY-SA 4.0)"
    )

    def values(self, cache: Path) -> Mapping[str, Any]:
        """Raises CemError where the model cannot be joined, or the Factbook or the cache folder cannot be used."""
        from cem_embedded.factbook import factbook_version, write_questions
        from cem_embedded.gemma import gguf_path

        folder = cache / "embedded" / f"factbook-{factbook_version()}"
        try:
            return {
                "model": str(gguf_path(cache / "embedded")),
                "tasks": [str(write_questions(folder / "factbook.jsonl", names=ASKED))],
                "general": [str(write_questions(folder / "internet_codes.jsonl", names=WATCHED))],
                "mixer": {"token_budget": TOKEN_BUDGET},
                "open_book": {"passages": READ},
                "trainer": {"gradient_checkpointing": False, "micro_batch_size": 16},
            }
        except ValueError as error:
            raise CemError(f"preset embedded: {error}") from error
        except OSError as error:
            raise CemError(f"preset embedded: cannot write to {folder}: {error.strerror or error}") from error
