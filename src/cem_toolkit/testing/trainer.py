"""What every trainer has to do."""
# ruff: noqa: S101 (to assert is what it is for)

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from cem_toolkit.files import file_hash
from cem_toolkit.models import fingerprint
from cem_toolkit.records import Row
from cem_toolkit.roles import Component, Context, Trainer
from cem_toolkit.testing.examples import example_rows
from cem_toolkit.testing.models import ModelTests

PICKLED = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")


class TrainerTests(ModelTests):
    """Checks of a trainer, with a tiny model and `rows` to train on."""

    component: ClassVar[type[Trainer]]
    role: ClassVar[type[Component]] = Trainer

    def rows(self) -> Sequence[Row]:
        return example_rows()

    def work(self, component: Trainer, ctx: Context) -> dict[str, str]:
        """The hashes of the trained weights."""
        component.train(self.rows(), ctx)
        return {file.name: file_hash(file) for file in sorted((ctx.folder / "model").glob("*.safetensors"))}

    def test_leaves_a_model_that_has_learnt(self, tmp_path: Path) -> None:
        ctx = self.context(tmp_path)
        before = fingerprint(ctx.model.path)
        figures = self.make().train(self.rows(), ctx)
        folder = ctx.folder / "model"
        weights = list(folder.glob("*.safetensors"))
        assert weights, "leaves no *.safetensors in ctx.folder / 'model'"
        left = {path.relative_to(ctx.folder).as_posix() for path in ctx.folder.rglob("*") if path.is_file()}
        pickled = sorted(path for path in left if path.endswith(PICKLED))
        assert not pickled, f"leaves files that may hold code: {', '.join(pickled)}; use safetensors"
        others = sorted(path for path in left if path.endswith(".safetensors") and not path.startswith("model/"))
        assert not others, f"leaves checkpoints: {', '.join(others)}"
        assert fingerprint(ctx.model.path) == before, "changes the model that it starts from: write to ctx.folder only"
        try:
            json.dumps(dict(figures), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"its figures are not JSON-safe: {error}") from None
        if not (folder / "adapter_config.json").is_file():
            assert fingerprint(folder) != before, "the trained model is the one that it started from"
            _load(folder)

    def test_tokens_are_counted(self, tmp_path: Path) -> None:
        trainer, ctx = self.make(), self.context(tmp_path)
        texts = ["Paris", "Paris is the capital of France.", ""]
        assert list(trainer.count_tokens([], ctx)) == [], "count_tokens([]) should be empty"
        counts = list(trainer.count_tokens(texts, ctx))
        assert [type(count) for count in counts] == [int] * len(texts), f"should give a whole number a text: {counts}"
        assert counts[1] > counts[0] > 0, f"a longer text should have more tokens: {counts}"


def _load(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
        AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise AssertionError(f"transformers cannot load the trained model with its tokenizer: {error}") from error
