"""A trainer with memories keeps the rules of every trainer."""

import pytest

from cem_continual.bcl import Bcl
from cem_toolkit.testing import TrainerTests


@pytest.mark.slow
class TestBcl(TrainerTests):
    component = Bcl
    options = {"batch_size": 2, "epochs": 1, "checkpoint_seconds": 0.001}
    bad_options = ({"beta": 0}, {"learning_rate": 1.0})
