"""Too little memory in training: fewer rows at once, which is said, and the same result but for rounding.

How many rows fit is decided here: for more, torch's own allocator is asked for what no machine has. (A limit by the
system would as well hit libraries that crash without a word, which is as `kill -9`.)
"""

import importlib.util
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import warm
from checks import goes_on, last, refused, unclear
from outcome import Outcome
from tally import Tally
from undisturbed import Reference, make_reference

NAME = "memory"
SETTINGS = ("--set", "trainer.batch_size=16", "--set", "trainer.micro_batch_size=16")
FITTING = (8, 3, 1, 0)
SAID = re.compile(r"memory is too small for (\d+) rows at once: training goes on with (\d+)")
TOLERANCE = 0.02
"""Of a loss, in nats: sums in another order."""


def run(seed: int, short: bool, folder: Path, say: Callable[[str], None]) -> Iterable[Outcome]:
    tally = Tally(NAME)
    if importlib.util.find_spec("cem_trl.room") is None:
        tally.skip("fewer rows at once", "this trainer does not know how")
        return tally.outcomes()
    reference = make_reference(folder, seed, arms=False, name="memory", more=SETTINGS)
    for rows in FITTING[1:3] if short else FITTING:
        wrong = list(
            _squeeze(reference, rows, reference.world.folder / f"memory-{rows}", folder / f"memory-{rows}.txt")
        )
        say(tally.add(f"{rows} rows fit" if rows else "no row fits", wrong))
    return tally.outcomes()


def _squeeze(reference: Reference, rows: int, out: Path, output: Path) -> Iterator[str]:
    trying = warm.start(
        reference.world.evolve(out, *reference.more), reference.world.folder, output, lambda: _leave_room_for(rows)
    )
    trying.wait()
    if rows == 0:
        yield from refused(trying, "memory is too small")
        yield from goes_on(reference, out, output.with_suffix(".resumed"))
        return
    if trying.status != 0:
        yield f"exit status {trying.status}: {last(trying)}"
        return
    yield from unclear(trying)
    if not SAID.search(trying.said()):
        yield "does not say that fewer rows are taken at once"
    trained, expected = (_losses(run) for run in ((out / "latest").resolve(), reference.run))
    if len(trained) != len(expected):
        yield f"{len(trained)} steps instead of {len(expected)}"
    elif any(abs(one - other) > TOLERANCE for one, other in zip(trained, expected, strict=True)):
        yield f"other losses: {trained[-1]} instead of {expected[-1]}"


def _leave_room_for(rows: int) -> None:
    import torch
    from transformers import LlamaModel

    forward = LlamaModel.forward

    def limited(self: Any, *arguments: Any, **named: Any) -> Any:
        asked = next(each for each in (*arguments, *named.values()) if isinstance(each, torch.Tensor))
        if torch.is_grad_enabled() and len(asked) > rows:
            torch.empty(2**50)
        return forward(self, *arguments, **named)

    LlamaModel.forward = limited


def _losses(run: Path) -> list[float]:
    figures = json.loads((run / "round-1/train/stage.json").read_text(encoding="utf-8"))["figures"]
    return [loss for _, loss in figures["losses"]]
