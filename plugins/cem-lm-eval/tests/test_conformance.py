"""The evaluator keeps the rules of every evaluator."""

import pytest

from cem_lm_eval.evaluator import LmEval
from cem_toolkit.testing import EvaluatorTests


@pytest.mark.slow
class TestLmEval(EvaluatorTests):
    component = LmEval
    bad_options = ({"limit": 0}, {"logs": "none"})
