"""The small model of these benchmarks: a language model of some three million weights, trained on Wikipedia's summaries
from nothing, so that any of its memories can be traced and five seeds of a comparison take minutes.

    python benchmarks/related/small.py

makes it once (some ten minutes on two cores), below ~/.cache/cem-toolkit/related. It is a real, if weak, language
model: what it was made with is in its `made.json`.
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from cem_toolkit.api import Model, content_id, file_hash
from cem_toolkit.models import fingerprint
from cem_wiki.options import WikiOptions
from cem_wiki.summaries import find_data, read_summaries

CACHE = Path("~/.cache/cem-toolkit/related").expanduser()
RECIPE = {
    "vocabulary": 6000,
    "width": 192,
    "layers": 4,
    "heads": 6,
    "inner": 512,
    "window": 256,
    "batch": 16,
    "epochs": 3,
    "rate": 2e-3,
    "held_out": 0.02,
    "seed": 0,
}

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


def summaries() -> tuple[list[str], list[str]]:
    """The texts that the small model was trained on, and those held out, by which its perplexity is told."""
    pages = read_summaries(find_data(WikiOptions(), Path()).path)
    texts = [f"{page.title}: {' '.join(page.text.split())}" for page in pages]
    Random(RECIPE["seed"]).shuffle(texts)  # noqa: S311
    held = int(len(texts) * RECIPE["held_out"])
    return texts[held:], texts[:held]


def small_model(cache: Path = CACHE) -> Model:
    """The small model, made where it is not there yet."""
    data = find_data(WikiOptions(), Path()).path
    folder = cache / f"small-{content_id(json.dumps(RECIPE), file_hash(data))}"
    if not (folder / "made.json").is_file():
        _make(folder)
    return Model(name="small", path=folder, fingerprint=fingerprint(folder))


def _make(folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, get_cosine_schedule_with_warmup

    texts, held = summaries()
    tokenizer = _tokenizer(texts)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(RECIPE["seed"])
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=RECIPE["width"],
            intermediate_size=RECIPE["inner"],
            num_hidden_layers=RECIPE["layers"],
            num_attention_heads=RECIPE["heads"],
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    windows = list(_windows(tokenizer, texts))
    steps = RECIPE["epochs"] * (len(windows) // RECIPE["batch"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=RECIPE["rate"], weight_decay=0.1, betas=(0.9, 0.95))
    schedule = get_cosine_schedule_with_warmup(optimizer, steps // 50, steps)
    began, chance, step = time.monotonic(), Random(RECIPE["seed"]), 0  # noqa: S311
    for _ in range(RECIPE["epochs"]):
        chance.shuffle(windows)
        for start in range(0, len(windows) - RECIPE["batch"] + 1, RECIPE["batch"]):
            ids = torch.tensor(windows[start : start + RECIPE["batch"]])
            loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            if step % 100 == 0:
                left = (time.monotonic() - began) / step * (steps - step)
                print(
                    f"small model: step {step:,} of {steps:,}, loss {float(loss):.2f}, {left:,.0f} s left", flush=True
                )
    model.save_pretrained(folder)
    made = {
        "recipe": RECIPE,
        "weights": sum(weight.numel() for weight in model.parameters()),
        "tokens": len(windows) * RECIPE["window"],
        "perplexity_held_out": round(perplexity(model, tokenizer, held), 2),
        "seconds": round(time.monotonic() - began),
    }
    (folder / "made.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def perplexity(model: Any, tokenizer: Any, texts: Sequence[str]) -> float:
    """Per token, of each text from its beginning, in windows as the model was trained on."""
    import torch

    nats = tokens = 0.0
    model.eval()
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([tokenizer(f"<s>{text}</s>").input_ids[: RECIPE["window"]]])
            count = ids.shape[1] - 1
            nats += float(model(input_ids=ids, labels=ids).loss) * count
            tokens += count
    return math.exp(nats / tokens)


def _tokenizer(texts: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=RECIPE["vocabulary"],
        special_tokens=list(SPECIAL.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


def _windows(tokenizer: Any, texts: Sequence[str]) -> Iterator[list[int]]:
    """All texts one after the other, cut into windows of equal length."""
    flow: list[int] = []
    for text in texts:
        flow += tokenizer(f"<s>{text}</s>").input_ids
        while len(flow) >= RECIPE["window"]:
            yield flow[: RECIPE["window"]]
            flow = flow[RECIPE["window"] :]


if __name__ == "__main__":
    print(small_model().path)
