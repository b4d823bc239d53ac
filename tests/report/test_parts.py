"""The parts' own rules: what a block holds, what a scale spans, which rounds made a model."""

import base64
import gzip
import json

import pytest

from cem_toolkit.report.facts import Facts
from cem_toolkit.report.packing import Blocks
from cem_toolkit.report.svg import Scale
from cem_toolkit.report.words import growth, perplexity
from conftest import Evolve


def test_an_item_is_found_in_the_block_of_its_number() -> None:
    blocks = Blocks("q", 3)
    numbers = [blocks.add({"text": f"</script>{number}"}) for number in range(8)]
    packed = dict(blocks.packed())
    assert list(packed) == ["q0", "q1", "q2"]
    assert not any("<" in data for data in packed.values())
    for number in numbers:
        block = json.loads(gzip.decompress(base64.b64decode(packed[f"q{number // 3}"])))
        assert block[number % 3] == {"text": f"</script>{number}"}


@pytest.mark.parametrize("values", [[0.671, 0.742], [0.0, 1.0], [-0.001, 0.058], [0.5], [-1.0, 1.0], []], ids=str)
def test_a_scale_spans_its_values_in_whole_steps(values: list[float]) -> None:
    scale = Scale.over(values)
    assert all(scale.low <= value <= scale.high for value in values)
    assert 2 <= len(scale.ticks) <= 12
    assert all(0 <= scale.at(tick) <= 100 for tick in scale.ticks)


def test_the_perplexity_of_a_broken_model_can_be_read() -> None:
    assert (perplexity(25.92), growth(25.92, 25.6)) == ("25.92", "−1.2%")
    assert (perplexity(1389306172389256.75), growth(25.92, 1389306172389256.75)) == ("1.4e+15", "5.4e+13-fold")


def test_a_rejected_round_is_no_parent_of_the_model(evolve: Evolve) -> None:
    def turn(number: int, base: int, accepted: bool) -> dict[str, object]:
        return {"round": number, "gate": {"accepted": accepted, "base": base}}

    summary = {"rounds": [turn(1, 0, True), turn(2, 1, False), turn(3, 1, True)], "shipped": 3}
    facts = Facts(evolve(), summary)
    assert [each.number for each in facts.lineage] == [1, 3]
