"""Whether a model still follows instructions and still prefers what is harmless: two short probes of what no round is
about, by which a training stage shows what it costs the stages before it (survey, arXiv 2402.01364).

Each item is a prompt with a better and a worse reply. The better one is preferred where its log-likelihood a byte is
higher. A probe of forty items tells large changes alone, and how a base model, which no stage has taught either,
answers says little: what is looked at is the change.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cem_toolkit.roles import Context

NAMES = ("instructions", "safety")


@dataclass(frozen=True, slots=True)
class Probe:
    prompt: str
    better: str
    worse: str


@cache
def read_probes(name: str) -> tuple[Probe, ...]:
    """The items of the probe `name`, one of `NAMES`."""
    text = (files("cem_toolkit.probes") / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(Probe(**json.loads(line)) for line in text.splitlines())


def ask_probes(ctx: Context) -> dict[str, str] | None:
    """By probe a 1 for each item whose better reply `ctx.model` prefers, and a 0 for each other, in order. None where
    the evaluator cannot score text."""
    items = [(name, probe) for name in NAMES for probe in read_probes(name)]
    try:
        scored = ctx.score([(f"{probe.prompt}\n", (probe.better, probe.worse)) for _, probe in items])
    except NotImplementedError:
        return None
    answers = dict.fromkeys(NAMES, "")
    for (name, probe), scores in zip(items, scored, strict=True):
        answers[name] += "1" if prefers_better(probe, scores) else "0"
    return answers


def prefers_better(probe: Probe, scores: Sequence[float]) -> bool:
    """Whether, by the log-likelihoods of the better and the worse reply in nats, the better one is preferred."""
    better, worse = (
        score / len(reply.encode()) for score, reply in zip(scores, (probe.better, probe.worse), strict=True)
    )
    return better > worse
