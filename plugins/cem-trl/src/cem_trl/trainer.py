"""The trainer `trl`, light to import."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cem_toolkit.api import CemError, Context, Options, Row, Trainer, file_hash, load_tokenizer
from cem_trl.options import TrlOptions

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from cem_toolkit.roles import Tuned

LIBRARIES = ("torch", "transformers", "trl", "datasets", "accelerate", "peft", "tokenizers", "safetensors")

_last: "dict[str, Tokenizer]" = {}


class Trl(Trainer):
    """Trains all weights or LoRA adapters by TRL, on pre-training text and instructions together."""

    name = "trl"
    version = "5"
    Options: ClassVar[type[Options]] = TrlOptions

    def check(self, ctx: Context) -> None:
        """Raises CemError for missing libraries, devices, tokens, templates and disk space; reads no weights."""
        missing = [library for library in LIBRARIES if importlib.util.find_spec(library) is None]
        if missing:
            raise CemError(f"the trainer trl needs {', '.join(missing)}: pip install {' '.join(missing)}")
        from cem_trl.training import check

        check(self.options, ctx)

    def fingerprint(self, ctx: Context) -> str:
        """Into how many processes an accelerate file divides the training, and what."""
        if self.options.accelerate is None:
            return ""
        from cem_trl.layout import from_file

        layout = from_file(self.options, ctx)
        return f"{layout.processes} {layout.strategy}"

    def train(self, rows: Sequence[Row], ctx: Context) -> Mapping[str, Any]:
        """Trains as `Trainer.train` says. The figures:

        tokens and supervised_tokens (those with loss) over all epochs, without padding; steps, epochs; loss_first,
        loss_last and losses ([[step, loss], …], 200 at most), in nats per supervised token; device, precision, method;
        trainable_parameters; rows_at_once; seconds of this try; resumed_from_step (0: not resumed). In several
        processes also processes, strategy, and peak_memory_bytes of each. All else is of all processes together.

        Raises CemError for bad input, and where the loss stops being a number or memory runs out.
        """
        from cem_trl.training import train

        return train(rows, self.options, ctx, self.version)

    def leaves(self) -> "Tuned":
        return "adapter" if self.options.method == "lora" else "model"

    def count_tokens(self, texts: Sequence[str], ctx: Context) -> list[int]:
        """Lengths in tokens, without special ones; needs no torch where the model has a tokenizer.json."""
        file = ctx.model.path / "tokenizer.json"
        if file.is_file():
            return [len(each.ids) for each in _read(file).encode_batch(list(texts), add_special_tokens=False)]
        slow = load_tokenizer(ctx.model.path)
        return [len(ids) for ids in slow(list(texts), add_special_tokens=False).input_ids] if texts else []


def _read(file: Path) -> "Tokenizer":
    """The tokenizer in `file`. The last one is kept, by content: that of a model and of those trained from it is read
    once."""
    from tokenizers import Tokenizer

    digest = file_hash(file)
    if digest not in _last:
        fast = Tokenizer.from_file(str(file))
        fast.no_truncation()
        fast.no_padding()
        _last.clear()
        _last[digest] = fast
    return _last[digest]
