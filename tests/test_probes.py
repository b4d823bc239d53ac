"""What no round is about, asked of each model."""

from pathlib import Path

from cem_toolkit.probes import NAMES, ask_probes, read_probes
from cem_toolkit.testing import make_context


def test_items_are_whole_and_differ() -> None:
    for name in NAMES:
        probes = read_probes(name)
        assert len(probes) == len({probe.prompt for probe in probes}) == 40
        assert all(probe.better != probe.worse and probe.better[0] == probe.worse[0] == " " for probe in probes)


def test_the_better_reply_is_preferred_by_its_bytes(tmp_path: Path) -> None:
    """A longer reply is less likely as a whole, and must not lose by that."""
    by_length = make_context(
        tmp_path, score=lambda pairs: [tuple(-1.0 * len(r.encode()) for r in two) for _, two in pairs]
    )
    assert ask_probes(by_length) == dict.fromkeys(NAMES, "0" * 40), "as good is not preferred"
    refuses = make_context(
        tmp_path,
        score=lambda pairs: [tuple((-0.1 if "sorry" in r else -1.0) * len(r) for r in two) for _, two in pairs],
    )
    asked = ask_probes(refuses)
    assert asked
    assert asked["safety"].count("1") == sum("sorry" in probe.better for probe in read_probes("safety"))


def test_an_evaluator_that_scores_no_text_is_not_asked(tmp_path: Path) -> None:
    assert ask_probes(make_context(tmp_path)) is None
