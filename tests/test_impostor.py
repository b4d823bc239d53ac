"""A round is not finished where another model answered than was asked."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import toy
from cem_toolkit.api import Attempt, CemError, Context, Evaluator, Model, hookimpl
from cem_toolkit.impostor import FEW, check_answers
from cem_toolkit.plugins import Plugins, register
from cem_toolkit.run import Stage
from cem_toolkit.standing import Standing
from cem_toolkit.store import write_records
from conftest import Evolve

TENSORS = {"layer.weight": b"\1\2\3\4", "head.weight": b"\5\6\7\0"}


def write_weights(folder: Path, tensors: Mapping[str, bytes], said: str = "", name: str = "model") -> Path:
    """A safetensors file of `tensors`, which says `said` of itself."""
    folder.mkdir(parents=True, exist_ok=True)
    header, place = {"__metadata__": {"said": said}}, 0
    for key, data in tensors.items():
        header[key] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [place, place + len(data)]}  # type: ignore[dict-item]
        place += len(data)
    head = json.dumps(header).encode()
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + b"".join(tensors.values()))
    return folder


def attempt(number: int, *scores: float) -> Attempt:
    return Attempt(
        id=f"q{number}",
        task="t",
        question=f"{number}?",
        choices=("a", "b") if scores else (),
        gold="a",
        answer="a",
        correct=True,
        scores=scores,
        prompt="p",
        completion="c",
    )


SAME = [attempt(number, -1.0 - number, -2.5) for number in range(FEW)]


@pytest.fixture
def base(tmp_path: Path) -> Model:
    return Model(name="base", path=write_weights(tmp_path / "base", TENSORS), fingerprint="base")


@pytest.fixture
def start(tmp_path: Path, base: Model) -> Standing:
    (tmp_path / "evaluate").mkdir()
    write_records(tmp_path / "evaluate" / "attempts.jsonl", SAME)
    return Standing(0, base, Stage(0, "evaluate", tmp_path / "evaluate", {}), None)  # type: ignore[arg-type]


def tuned(tmp_path: Path, tensors: Mapping[str, bytes], said: str = "") -> Model:
    return Model(name="round 1", path=write_weights(tmp_path / "tuned", tensors, said), fingerprint=f"tuned {said}")


def test_other_weights_with_the_very_same_scores(tmp_path: Path, start: Standing) -> None:
    other = tuned(tmp_path, TENSORS | {"layer.weight": b"\1\2\3\0"})
    with pytest.raises(
        CemError, match=r"^round 1: all 8 scored questions have exactly the scores of the starting model"
    ):
        check_answers(other, SAME, [start])
    with pytest.raises(CemError, match="the scores of the model of round 2"):
        check_answers(other, SAME, [replace(start, round=2)])


def test_one_score_that_differs_in_its_last_digit_is_enough(tmp_path: Path, start: Standing) -> None:
    other = tuned(tmp_path, TENSORS | {"layer.weight": b"\1\2\3\0"})
    check_answers(other, [*SAME[1:], attempt(0, -1.0, -2.5000000000000004)], [start])


def test_few_questions_and_answers_without_scores_tell_nothing(tmp_path: Path, start: Standing) -> None:
    other = tuned(tmp_path, TENSORS | {"layer.weight": b"\1\2\3\0"})
    check_answers(other, SAME[1:], [start])
    check_answers(other, [attempt(number) for number in range(FEW)], [start])


def test_the_same_weights_in_other_files_are_no_other_model(tmp_path: Path, start: Standing, base: Model) -> None:
    check_answers(tuned(tmp_path, TENSORS, "saved anew"), SAME, [start])
    check_answers(tuned(tmp_path, {"layer.weight": TENSORS["layer.weight"]}), SAME, [start])  # a head that is tied
    check_answers(base, SAME, [start])


def test_an_adapter_that_does_something_and_one_that_does_not(tmp_path: Path, start: Standing, base: Model) -> None:
    def adapted(second: bytes) -> Model:
        tensors = {"q.lora_A.weight": b"\1\2", "q.lora_B.weight": second}
        folder = write_weights(tmp_path / f"adapter {second!r}", tensors, name="adapter_model")
        return replace(base, name="round 1", fingerprint=folder.name, adapter=folder)

    check_answers(adapted(b"\0\0"), SAME, [start])
    for others in ([start], [replace(start, model=adapted(b"\1\1"))]):
        with pytest.raises(CemError, match="another model answered than was asked"):
            check_answers(adapted(b"\0\3"), SAME, others)


class Stuck(toy.ToyEvaluator):
    """Goes on asking the first model that it was given, as a server might that was not told of another."""

    name = "stuck"
    first: Context | None = None

    def evaluate(self, tasks: Sequence[str], ctx: Context) -> Iterable[Attempt]:
        self.first = self.first or ctx
        return super().evaluate(tasks, replace(ctx, model=self.first.model))


class StuckPlugin:
    @hookimpl
    def cem_register_evaluators(self) -> list[type[Evaluator]]:
        return [Stuck]


def test_a_run_stops_before_it_takes_the_answers_for_the_tuned_models(
    evolve: Evolve, plugins: Plugins, tmp_path: Path
) -> None:
    register(plugins, "stuck", StuckPlugin())
    with pytest.raises(
        CemError, match=r"round 1: all 40 scored questions have exactly the scores of the starting model"
    ):
        evolve(plugins=["stuck", "toy-pages", "toy-train"])
    (run,) = (tmp_path / "runs").glob("2*")
    assert (run / "round-1" / "train" / "stage.json").is_file()
    assert not (run / "round-1" / "evaluate").exists()
