"""Stages one after the other, measured after each, and gone on with where they were interrupted."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cem_continual.staged import Staged, StagedOptions
from cem_toolkit.api import CemError, Context, Model, Row, file_hash
from cem_toolkit.testing import TrainerTests, make_context, make_tiny_model

pytestmark = pytest.mark.slow
TEXTS = ("Lomé is the capital of Togo.", "Lima is the capital of Peru, and Cusco its oldest town.")
ROWS = [
    *(Row.make(kind="passage", prompt="", completion=text, parents=("p",)) for text in TEXTS),
    Row.make(kind="normative", prompt="Say one word: Togo?\n", completion="Lomé", parents=("m",)),
    Row.make(kind="review", prompt="Say one word: Chad?\n", completion="N'Djamena", parents=("a",), own_pairs=("a",)),
    Row.make(kind="preference", prompt="Peru?\n", completion="Lima", rejected="Cusco", parents=("m",)),
    Row.make(kind="preference", prompt="Togo?\n", completion="Lomé", rejected="Kara", parents=("m",)),
]
OPTIONS: dict[str, Any] = {"batch_size": 2, "epochs": 1, "device": "cpu", "precision": "float32", "interpolation": 1.0}


class TestStaged(TrainerTests):
    component = Staged
    options = OPTIONS
    bad_options = ({"order": ["text", "preferences"]}, {"beta": 0}, {"processes": 2}, {"learning_rates": {"rlhf": 1}})

    def rows(self) -> list[Row]:
        """Of two stages, for time."""
        return [row for row in ROWS if row.kind in ("passage", "preference")]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def few_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the probes and of neutral text, for time."""
    from cem_toolkit import probes

    every = probes.read_probes
    monkeypatch.setattr(probes, "read_probes", lambda name: every(name)[:4])
    monkeypatch.setattr("cem_continual.crossing.read_neutral", lambda path: ["Call me Ishmael."])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", TEXTS)


def train(ctx: Context, rows: list[Row] = ROWS, **options: Any) -> Mapping[str, Any]:
    trainer = Staged(StagedOptions(**OPTIONS | options))
    trainer.check(ctx)
    return trainer.train(rows, ctx)


def weights(ctx: Context) -> str:
    return file_hash(ctx.folder / "model" / "model.safetensors")


def test_what_each_stage_cost_the_others_is_in_a_table(tiny: Model, tmp_path: Path) -> None:
    said: list[str] = []
    ctx = make_context(tmp_path, model=tiny, log=said.append)
    figures = train(ctx, learning_rates={"text": 3e-3}, stage_epochs={"text": 4})
    assert [(each["stage"], each["rows"], each["epochs"]) for each in figures["stages"]] == [
        ("text", 2, 4), ("instructions", 2, 1), ("preferences", 2, 1),
    ]  # fmt: skip
    assert [line.partition(",")[0] for line in said if line.startswith("stage")] == [
        "stage 1 of 3: pre-training text", "stage 2 of 3: instructions", "stage 3 of 3: preferences",
    ]  # fmt: skip
    assert figures["steps"] == 4 + 1 + 1 == figures["losses"][-1][0]
    (table,) = figures["tables"]
    assert table["columns"] == [
        "after", "instructions, of 4", "safety, of 4", "neutral text, perplexity", "review, perplexity",
        "pre-training text, perplexity", "instructions, perplexity", "preferences held, %",
    ]  # fmt: skip
    assert [line[0] for line in table["rows"]] == ["the start", "pre-training text", "instructions", "preferences"]
    text = [line[5] for line in table["rows"]]
    assert text[1] < text[0], "what a stage trains on is learnt in it"
    assert not {path.name for path in ctx.folder.iterdir()} - {"model"}


def test_stages_follow_the_order_that_is_asked_for_and_those_without_rows_are_left_out(
    tiny: Model, tmp_path: Path
) -> None:
    rows = [row for row in ROWS if row.kind != "passage"]
    figures = train(make_context(tmp_path, model=tiny), rows, order=("preferences", "text", "instructions"))
    assert [each["stage"] for each in figures["stages"]] == ["preferences", "instructions"]
    with pytest.raises(CemError, match="nothing to train on"):
        train(make_context(tmp_path / "none", model=tiny), [])


class Stopped(BaseException):
    """As a kill: nothing is done about it."""


@pytest.mark.parametrize(
    ("moment", "left"),
    [("measure 2", 2), ("train 3", 1), ("measure 4", 0), ("before it is handed over", 0), ("half-way", 0)],
)
def test_a_stopped_one_goes_on_and_does_no_finished_stage_again(
    moment: str, left: int, tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    from cem_continual import stages

    calls = Counter[str]()
    trains = stages.train

    def counted(name: str) -> None:
        calls[name] += 1
        if moment == f"{name} {calls[name]}":
            raise Stopped

    def train_one(*given: Any) -> Any:
        counted("train")
        return trains(*given)

    def measure(*given: Any) -> dict[str, float]:
        counted("measure")
        return {"measured": calls["measure"]}

    def hand_over(model: Path, folder: Path, work: Path) -> None:
        if moment == "half-way":
            model.rename(folder / "model")
        raise Stopped

    monkeypatch.setattr(stages, "train", train_one)
    monkeypatch.setattr(stages, "measure", measure)
    ctx = make_context(tmp_path, model=tiny)
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(stages, "hand_over", hand_over)
        train(ctx)
    calls.clear()
    moment = "none"
    figures = train(ctx)
    assert weights(ctx) == whole
    assert calls["train"] == left
    assert [each["stage"] for each in figures["stages"]] == ["text", "instructions", "preferences"]


@pytest.fixture(scope="module")
def whole(tiny: Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights of an undisturbed training."""
    ctx = make_context(tmp_path_factory.mktemp("whole"), model=tiny)
    train(ctx)
    return weights(ctx)


def test_an_adapter_goes_through_all_stages(tiny: Model, tmp_path: Path) -> None:
    ctx = make_context(tmp_path, model=tiny)
    figures = train(ctx, method="lora", merge=False, lora_rank=2)
    assert (ctx.folder / "model" / "adapter_config.json").is_file()
    assert len(figures["stages"]) == 3


def test_a_rate_that_is_not_said_is_the_trainings_own_and_a_tenth_of_it_for_preferences() -> None:
    options = StagedOptions(learning_rate=1e-3, learning_rates={"text": 5e-3})
    rates = [options.of_stage(stage).learning_rate for stage in options.order]
    assert rates == pytest.approx([5e-3, 1e-3, 1e-4])
