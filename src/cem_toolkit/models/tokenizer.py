"""The tokenizer of a model, read once: a vocabulary of 262,144 takes seconds."""

import hashlib
from pathlib import Path
from typing import Any

from cem_toolkit.files import file_hash
from cem_toolkit.models.fingerprint import MATTERS

_kept: dict[str, Any] = {}


def load_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer in a model's folder, as transformers reads it. Asks nothing of the network.

    The last one is kept, and given again for any folder whose files but for the weights are the same: the model that a
    stage trained has its start's. So change nothing of it that tells. (lm-eval and TRL name a token that it has for
    padding where it names none; padding is masked.) Raises whatever transformers raises where it cannot be read.
    """
    from transformers import AutoTokenizer

    endings = {*MATTERS, ".tiktoken", *([".py"] if trust_remote_code else [])} - {".safetensors"}
    digest = hashlib.sha256(f"{trust_remote_code}\n".encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in endings and path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{file_hash(path)}\n".encode())
    key = digest.hexdigest()
    if key not in _kept:
        read = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=trust_remote_code)
        _drop_copies(read)
        _kept.clear()
        _kept[key] = read
    return _kept[key]


def _drop_copies(tokenizer: Any) -> None:
    """Forgets the vocabulary and merges that transformers' own classes keep after they made a tokenizer of them: as
    Python's objects those of 262,144 words are 150 MiB. Classes that write them to files themselves keep theirs."""
    from transformers import PreTrainedTokenizerFast as Fast

    kind = type(tokenizer)
    known = kind.__module__.startswith("transformers.") and issubclass(kind, Fast)
    if known and kind.save_vocabulary is Fast.save_vocabulary:
        for name in ("_vocab", "_merges"):
            vars(tokenizer).pop(name, None)
