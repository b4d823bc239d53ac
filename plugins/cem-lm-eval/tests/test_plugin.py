"""How the core finds the evaluator, and what that costs."""

import subprocess
import sys

import pytest

from cem_lm_eval import device, models, plugin
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Context, Evaluator
from cem_toolkit.run import Stage


def test_registers_the_evaluator() -> None:
    assert list(plugin.cem_register_evaluators()) == [LmEval]
    assert issubclass(LmEval, Evaluator)
    assert (LmEval.name, LmEval.version) == ("lm-eval", "4")


def test_imports_nothing_heavy() -> None:
    code = (
        "import sys; from cem_lm_eval import plugin; plugin.cem_register_evaluators()[0](); "
        "plugin.cem_run_finished(); heavy = {'torch', 'transformers', 'datasets', 'lm_eval', 'numpy'}; "
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


@pytest.mark.parametrize(("name", "held"), [("train", False), ("arms/random/train", False), ("mine", True)])
def test_the_model_is_kept_until_a_stage_trains(ctx: Context, name: str, held: bool) -> None:
    LmEval(LmEval.Options(device="cpu")).score([("a", ("b",))], ctx)
    plugin.cem_stage_started(Stage(1, name, ctx.folder, {}))
    assert bool(models._held) is held
    plugin.cem_run_finished()
    assert not models._held


def test_every_option_is_described() -> None:
    assert all(field.description for field in LmEval.Options.model_fields.values())


def test_precision_is_what_the_device_computes_natively() -> None:
    assert device.choose_dtype("float16", "cpu") == "float16"
    assert device.choose_dtype("auto", "cpu") in ("bfloat16", "float32")
    assert device.choose_dtype("auto", "mps") == "float32"
    assert device.choose_device("cuda:1") == "cuda:1"
