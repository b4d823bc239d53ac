"""The Factbook keeps the rules of every knowledge source."""

import pytest

from cem_embedded.source import Factbook
from cem_toolkit.testing import SourceTests


@pytest.mark.slow
class TestFactbook(SourceTests):
    component = Factbook
    bad_options = ({"top_k": 0},)

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _one_cache(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Writing and indexing the entries takes seconds."""
        cls.cache = tmp_path_factory.mktemp("cache")
