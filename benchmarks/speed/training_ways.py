"""One way to train, in this process alone; `training.py` calls it. Prints its figures as the last line, in JSON.

python benchmarks/speed/training_ways.py '{"way": "ours", "rows": 16, "epochs": 2, "seed": 0, "out": "FOLDER"}'
"""

import itertools
import json
import random
import resource
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from cem_toolkit.api import Model, Row
from cem_toolkit.models import resolve_model

CACHE = Path("~/.cache/cem-toolkit").expanduser()
PASSAGES_OF_8 = 5
"""Passages in 8 rows; the others are questions with their answers."""
PASSAGE_CHARACTERS = range(330, 520)
"""About 100 tokens."""
LEARNING_RATE = 2e-5
BATCH_SIZE = 8


def start() -> Model:
    from cem_embedded.gemma import gguf_path

    return resolve_model(str(gguf_path(CACHE / "embedded")), CACHE, lambda message: None)


def make_rows(count: int, held_out: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Rows to train on and held-out rows, the same on every call: Wikipedia summaries and Factbook questions."""
    from cem_embedded.factbook.make import make_questions
    from cem_embedded.preset import ASKED
    from cem_wiki.options import WikiOptions
    from cem_wiki.summaries import find_data, read_summaries

    chance = random.Random(0)  # noqa: S311 (draws rows; guards nothing)
    texts = [page.text for page in read_summaries(find_data(WikiOptions(), Path()).path)]
    texts = [text for text in texts if len(text) in PASSAGE_CHARACTERS]
    questions = make_questions(names=ASKED)
    chance.shuffle(texts)
    chance.shuffle(questions)
    rows = []
    for index in range(count + held_out):
        if index % 8 < PASSAGES_OF_8:
            rows.append({"prompt": "", "completion": texts.pop()})
        else:
            asked = questions.pop()
            answer = asked["choices"][asked["answer"]]
            rows.append({"prompt": f"Question: {asked['question']}\nAnswer:", "completion": f" {answer}"})
    return rows[:count], rows[count:]


def train_stock(rows: list[dict[str, str]], job: dict[str, Any]) -> dict[str, Any]:
    """TRL's quick start as its users write it, with what `job["settings"]` adds to SFTConfig."""
    import torch
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    after_import = peak_memory()
    ends: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            ends.append(time.perf_counter())

    trainer = SFTTrainer(
        model=str(start().path),
        args=SFTConfig(
            output_dir=job["out"],
            num_train_epochs=job["epochs"],
            learning_rate=LEARNING_RATE,
            per_device_train_batch_size=BATCH_SIZE,
            seed=job["seed"],
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=not torch.cuda.is_available(),  # TRL's bfloat16 wants to be told
            **job.get("settings", {}),
        ),
        train_dataset=Dataset.from_list(rows),
        callbacks=[Clock()],
    )
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    trainer.save_model(job["out"])
    # TRL has the labels as the rows' column or makes them of the completion's mask, by version.
    supervised = sum(
        sum(label != -100 for label in row["labels"]) if "labels" in row else sum(row["completion_mask"])
        for row in trainer.train_dataset
    )
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "tokens": job["epochs"] * sum(len(row["input_ids"]) for row in trainer.train_dataset),
        "supervised_tokens": job["epochs"] * supervised,
        "steps": trainer.state.global_step,
        "loss_first": float(losses[0]),
        "loss_last": float(losses[-1]),
        "weights": str(trainer.model.dtype),
        "seconds": seconds,
        "step_seconds": median_step(ends),
        "after_import_mib": after_import,
    }


def train_ours(rows: list[dict[str, str]], job: dict[str, Any]) -> dict[str, Any]:
    """The trainer `trl`, with `job["settings"]` for options."""
    import contextlib

    import cem_trl.training  # noqa: F401 (brings the libraries in, as the stock way's imports do)
    from cem_toolkit.testing import make_context
    from cem_trl.trainer import Trl

    after_import = peak_memory()
    times: list[float] = []
    ends: list[float] = []

    class Clock:
        def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
            ends.append(time.perf_counter())

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Any:
        times.append(time.perf_counter())
        yield Clock()
        times.append(time.perf_counter())

    ctx = make_context(Path(job["out"]), model=start(), seed=job["seed"], progress=progress)
    options = {"batch_size": BATCH_SIZE, "epochs": job["epochs"], "learning_rate": LEARNING_RATE}
    options |= {"freeze": "none", "interpolation": 1.0}  # as TRL trains
    trainer = Trl(Trl.Options(**(options | job.get("settings", {}))))
    made = [Row.make(kind="general", **row, parents=(str(index),)) for index, row in enumerate(rows)]
    figures = trainer.train(made, ctx)
    for file in (ctx.folder / "model").iterdir():
        shutil.move(file, job["out"])
    kept = ("tokens", "supervised_tokens", "steps", "loss_first", "loss_last")
    return {name: figures[name] for name in kept} | {
        "weights": f"{figures['method']}, {figures['precision']}",
        "seconds": times[1] - times[0],
        "step_seconds": median_step(ends),
        "after_import_mib": after_import,
    }


def median_step(ends: list[float]) -> float:
    """Seconds between the ends of two steps: without what only the first takes."""
    return statistics.median(later - earlier for earlier, later in itertools.pairwise(ends))


def evaluate(rows: list[dict[str, str]], model: Any, tokenizer: Any) -> float:
    """Nats per supervised token, in float32, by the same code for every model."""
    import torch

    from cem_trl.encoding import IGNORED, Encoder

    encoder = Encoder(tokenizer, 1024, chat=False)
    examples = [encoder.encode(Row.make(kind="general", **row, parents=()))[0] for row in rows]
    total = 0.0
    with torch.no_grad():
        for example in examples:
            labels = torch.tensor(example.labels[1:], device=model.device)
            tokens = torch.tensor([example.input_ids], device=model.device)
            states = model.model(input_ids=tokens).last_hidden_state[0, :-1]
            logits = model.lm_head(states[labels != IGNORED])
            total += float(torch.nn.functional.cross_entropy(logits, labels[labels != IGNORED], reduction="sum"))
    return total / sum(example.supervised for example in examples)


def evaluate_folder(rows: list[dict[str, str]], held_out: list[dict[str, str]], folder: str) -> dict[str, float]:
    """Losses of the model in `folder` as it was saved."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return {"train": evaluate(rows, model, tokenizer), "held_out": evaluate(held_out, model, tokenizer)}


def peak_memory() -> float:
    """Peak resident memory of this process in MiB, from the start of its program on."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak_device_memory() -> dict[str, float]:
    """Peak memory of the GPU's tensors in MiB, where there is a GPU."""
    import torch

    return {"peak_device_mib": torch.cuda.max_memory_allocated() / 2**20} if torch.cuda.is_available() else {}


def main() -> None:
    job = json.loads(sys.argv[1])
    rows, held_out = make_rows(job["rows"], job["held_out"])
    if job["way"] == "evaluate":
        losses = [evaluate_folder(rows, held_out, folder or str(start().path)) for folder in job["folders"]]
        print(json.dumps({"losses": losses}))
        return
    if job.get("profile"):
        from training_profile import by_kind

        print(json.dumps({"profile": by_kind(lambda: train_ours(rows, job))}))
        return
    figures = (train_ours if job["way"] == "ours" else train_stock)(rows, job)
    print(json.dumps(figures | {"peak_mib": peak_memory()} | peak_device_memory()))


if __name__ == "__main__":
    main()
