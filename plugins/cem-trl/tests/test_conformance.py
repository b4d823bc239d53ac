"""The trainer keeps the rules of every trainer, in full and with adapters."""

import pytest

from cem_toolkit.testing import TrainerTests
from cem_trl.trainer import Trl


@pytest.mark.slow
class TestTrl(TrainerTests):
    component = Trl
    options = {"batch_size": 2, "epochs": 1, "checkpoint_seconds": 0.001}
    bad_options = ({"epochs": 0}, {"device": "nowhere"})
