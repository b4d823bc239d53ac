"""A tiny random model with a tokenizer made on the spot, and questions to ask it."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cem_lm_eval import models
from cem_toolkit.api import Context, Model
from cem_toolkit.testing import make_context

CAPITALS = {
    "Afghanistan": ("Tirana", "Kabul", "Dushanbe", "Tashkent"),
    "Australia": ("Canberra", "Sydney", "Melbourne", "Ottawa"),
    "Belgium": ("Amsterdam", "Luxembourg", "Brussels", "Stockholm"),
    "Greece": ("Ankara", "Athens", "Sofia", "Thessaloniki"),
    "Italy": ("Venice", "Rome", "Naples", "Milan"),
    "Nepal": ("Lhasa", "Thimphu", "Kathmandu", "Delhi"),
}
ROWS = [
    {"question": f"What is the capital of {country}?", "choices": list(choices), "answer": number % 4, "group": "g1"}
    for number, (country, choices) in enumerate(CAPITALS.items())
]
CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</{{ message['role'] }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A LLaMA of some thousand random parameters."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([json.dumps(row) for row in ROWS], trainer)
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return Model(name="tiny", path=folder, fingerprint="tiny")


class Recorder:
    """A progress and log that remember what they were told."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float | None]] = {}
        self.lines: list[str] = []

    @contextlib.contextmanager
    def progress(self, label: str, total: float | None) -> Iterator["Recorder"]:
        self.label = label
        self.steps[label] = [0, total]
        yield self

    def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
        done, expected = self.steps[self.label]
        self.steps[self.label] = [(done or 0) + steps, total if total is not None else expected]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def ctx(tmp_path: Path, tiny: Model, recorder: Recorder) -> Iterator[Context]:
    yield make_context(tmp_path, model=tiny, progress=recorder.progress, log=recorder.lines.append)
    models.release()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Sequence[Mapping[str, Any]] | str | bytes], str]:
    """Writes a file below the configuration's folder and returns its name there."""

    def write(name: str, content: Sequence[Mapping[str, Any]] | str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        return name

    return write


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in ROWS]


@pytest.fixture
def yaml_task(write: Callable[[str, Any], str], tmp_path: Path) -> Callable[..., str]:
    """Writes a task of lm-eval over local documents: `yaml_task(name, docs, extra YAML lines)` is its file."""

    def make(name: str, docs: Sequence[Mapping[str, Any]], lines: str, folder: str = "tasks") -> str:
        data = tmp_path / write(f"{folder}/{name}.data.jsonl", docs)
        return write(
            f"{folder}/{name}.yaml",
            f"task: {name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: '{data}'}}}}\n"
            f"test_split: test\n{lines}",
        )

    return make
