"""The mixer `unlearn`."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Attempt, CemError, Mistake, Passage, Row
from cem_toolkit.testing import MixerTests, example_attempts, example_mistakes, example_passages, make_context
from cem_unlearn.beliefs import wrong_completion
from cem_unlearn.mixer import UnlearnMixer

PARIS, DANUBE, INSULIN, BYTE = example_mistakes()[:4]


def flipping() -> list[Passage]:
    """The passage about Paris leads to the right answer."""
    return [
        dataclasses.replace(
            each, hits=tuple(dataclasses.replace(hit, flips=each.title == "Paris") for hit in each.hits)
        )
        for each in example_passages()
    ]


class TestUnlearn(MixerTests):
    component = UnlearnMixer
    options = {"forget": "contradicted", "mixer_options": {"max_passages": 2}}
    bad_options = ({"forget": "all"}, {"mixer": "no-such"}, {"mixer": "unlearn"}, {"mixer_options": {"max": 1}})

    def passages(self) -> Sequence[Passage]:
        return flipping()

    def test_forgets_something(self, tmp_path: Path) -> None:
        assert [row.kind for row in self.mix(tmp_path)].count("forget") == 1


def mixed(tmp_path: Path, mistakes: Sequence[Mistake], attempts: Sequence[Attempt], **options: Any) -> list[Row]:
    mixer = UnlearnMixer(UnlearnMixer.Options.model_validate(options))
    made = list(mixer.mix(flipping(), mistakes, attempts, make_context(tmp_path)))
    assert {row.kind for row in made} >= {"passage", "review"}, "the other mixer's rows are all there"
    return [row for row in made if row.kind == "forget"]


def test_contradicted_beliefs_are_forgotten(tmp_path: Path) -> None:
    (row,) = mixed(tmp_path, example_mistakes(), example_attempts())
    assert (row.prompt, row.completion) == ("Question: What is the capital of France?\nAnswer:", " Lyon")
    assert row.parents == (PARIS.id, PARIS.attempt_id)
    assert row.own_pairs == (PARIS.attempt_id,)


def test_stale_ones_are_what_is_said_in_every_way(tmp_path: Path) -> None:
    shares = {DANUBE.id: 1.0, INSULIN.id: 0.75}
    mistakes = [dataclasses.replace(each, agreement=shares.get(each.id)) for each in example_mistakes()]
    assert [row.completion for row in mixed(tmp_path, mistakes, example_attempts(), forget="stale")] == [" North Sea"]


def test_kinds_may_be_named_and_a_doubted_key_is_none_else(tmp_path: Path) -> None:
    doubted = dataclasses.replace(PARIS, kind="doubtful_key")
    mistakes = [doubted, DANUBE]
    assert not mixed(tmp_path, mistakes, example_attempts())
    (row,) = mixed(tmp_path, mistakes, example_attempts(), forget=["doubtful_key"])
    assert row.parents[0] == doubted.id


def test_the_right_answer_is_never_forgotten(tmp_path: Path) -> None:
    told = [
        dataclasses.replace(each, answer="Paris, not Lyon") if each.id == PARIS.attempt_id else each
        for each in example_attempts()
    ]
    assert not mixed(tmp_path, example_mistakes(), told)


@pytest.mark.parametrize(
    ("completion", "choices", "answer", "wrong"),
    [
        (" Paris", ("Lyon", "Paris"), "Lyon", " Lyon"),
        (" The answer is Paris.", ("Lyon", "Paris"), "Lyon", " The answer is Lyon."),
        (" B", ("Lyon", "Paris"), "Lyon", " A"),
        (" F", ("Lyon", "Paris"), "Lyon", None),
        (" Lutetia", (), "Lyon", " Lyon"),
        (" Paris", (), " ", None),
    ],
)
def test_an_answer_is_phrased_as_the_task_does(
    completion: str, choices: tuple[str, ...], answer: str, wrong: str | None
) -> None:
    attempt = dataclasses.replace(example_attempts()[0], completion=completion, choices=choices, answer=answer)
    assert wrong_completion(attempt) == wrong


def test_a_mixer_of_stranger_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixer = UnlearnMixer(UnlearnMixer.Options())
    monkeypatch.setattr(type(mixer._mixer), "kinds", frozenset({"preference"}))
    with pytest.raises(CemError, match="cem makes rows of kind preference"):
        mixer.check(make_context(tmp_path))
