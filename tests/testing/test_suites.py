"""The built-in components keep the rules that the suites hold others to."""

from pathlib import Path
from typing import Any

from tests.testing.good import GoodMiner, GoodMixer, GoodRewriter, GoodSource

from cem_toolkit.api import Context
from cem_toolkit.builtin.lm_rewriters import ModelRewriter
from cem_toolkit.builtin.miner import CemMiner
from cem_toolkit.builtin.mixer import CemMixer
from cem_toolkit.builtin.rules import Rules
from cem_toolkit.testing import MinerTests, MixerTests, RewriterTests, SourceTests


class TestCemMiner(MinerTests):
    component = CemMiner
    bad_options = ({"max_queries": 0}, {"llm_model": "m"}, {"doubtful_file": "none.jsonl"})


class TestCemMixer(MixerTests):
    component = CemMixer
    bad_options = ({"shares": {"passage": 1}}, {"general_file": "none.jsonl"})


class TestCemMixerWithOwnPairs(MixerTests):
    component = CemMixer
    options = {"own_pairs": True, "token_budget": 300}


class TestRules(RewriterTests):
    component = Rules


class TestModelRewriter(RewriterTests):
    component = ModelRewriter

    def context(self, folder: Path, **changes: Any) -> Context:
        """Its model has little to say, and says it in the form that is asked for."""

        def generate(prompts: Any, max_tokens: int) -> list[str]:
            return ["1. The Danube rises in Germany, in Europe.\n2. Paris lies on the Seine.\n" for _ in prompts]

        return super().context(folder, **({"generate": generate} | changes))


class TestGoodSource(SourceTests):
    component = GoodSource
    bad_options = ({"most": 0}, {"file": "none.txt"})


class TestGoodMiner(MinerTests):
    component = GoodMiner


class TestGoodRewriter(RewriterTests):
    component = GoodRewriter


class TestGoodMixer(MixerTests):
    component = GoodMixer
