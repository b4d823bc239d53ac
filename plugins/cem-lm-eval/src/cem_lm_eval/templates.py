"""lm-eval's templates, of which it has one task's compiled anew for every document and every example."""

import contextlib
from collections.abc import Iterator
from functools import lru_cache

from cem_lm_eval.quiet import replaced

MOST = 1_000
"""Templates that are kept: some tasks write one for each document."""


@contextlib.contextmanager
def compiled_once() -> Iterator[None]:
    """Within it each template is compiled once. Rendering takes a fraction of the time that compiling does."""
    from lm_eval.utils import env

    with replaced(env, "from_string", lru_cache(MOST)(env.from_string)):
        yield
