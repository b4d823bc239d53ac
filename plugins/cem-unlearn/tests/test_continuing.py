"""Continuations, and how much of the truth they repeat."""

from typing import Any

import torch

from cem_trl.encoding import IGNORED, Example
from cem_unlearn.continuing import Asked, ask, continuations, extraction_asked, extraction_likelihood, repeated


class Counting:
    """Writes the next number after each."""

    device = torch.device("cpu")

    def generate(self, input_ids: Any, attention_mask: Any, generation_config: Any) -> Any:
        assert not generation_config.do_sample
        more = torch.arange(1, generation_config.max_new_tokens + 1)
        return torch.cat([input_ids, input_ids[:, -1:] + more], 1)


def test_a_prompt_is_shown_and_of_a_text_its_half() -> None:
    assert ask(Example([5, 6, 7, 8, 0], [IGNORED, IGNORED, 7, 8, IGNORED])) == Asked([5, 6], [7, 8])
    assert ask(Example([5, 6, 7, 8], [5, 6, 7, 8])) == Asked([5, 6], [7, 8])


def test_continuations_are_as_long_as_the_truth() -> None:
    asked = [Asked([1, 2], [3, 4, 5]), Asked([7], [9])]
    assert continuations(Counting(), asked, 2, padding=0) == [[3, 4], [8]]


def test_what_is_repeated_is_counted_in_runs() -> None:
    assert repeated([1, 2, 3, 9], [1, 2, 3, 4], 2) == 2 / 3
    assert repeated([], [1, 2], 2) == 0


def test_extraction_begins_at_several_places() -> None:
    asked = Asked([0], list(range(1, 15)))
    assert [len(each.shown) for each in extraction_asked(asked, 3)] == [1, 3, 5]
    assert extraction_likelihood(Counting(), [asked], 3, 50, 0) == [1.0]
    assert extraction_likelihood(Counting(), [Asked([0], [1, 5])], 3, 50, 0) == [0.0], "a short one as a whole"
