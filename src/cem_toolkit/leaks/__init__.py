"""The guard against training on the questions that a run is measured by; docs/leaks.md says how well it does."""

from cem_toolkit.leaks.encoder import Encoder, SentenceEncoder
from cem_toolkit.leaks.guard import Drop, Leak, LeakGuard
from cem_toolkit.leaks.words import SPACELESS, tokens

__all__ = ["SPACELESS", "Drop", "Encoder", "Leak", "LeakGuard", "SentenceEncoder", "tokens"]
