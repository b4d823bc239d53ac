"""Time, memory, storage and cost of a round on a cluster, by arithmetic."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Model:
    """A dense decoder of the usual form."""

    parameters: float
    layers: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Its GPUs by their makers' figures; shares that a program reaches are what is assumed, and the plan's weak point.

    Of H100s: 989 TFLOP/s in bfloat16 without sparsity, 80 GB, NVLink 450 GB/s and, between nodes of 8, InfiniBand
    400 Gb/s, each way.
    """

    gpus: int
    node: int = 8
    flops: float = 989e12
    memory: float = 80 * GB
    inside: float = 450 * GB
    between: float = 50 * GB
    disk: float = 2 * GB
    """Bytes a second that a node reads or writes of models on shared storage."""
    price: float = 2.5
    """Dollars for an hour of a GPU."""

    @property
    def nodes(self) -> int:
        return -(-self.gpus // self.node)

    @property
    def link(self) -> float:
        """How fast a GPU gathers weights: between nodes, each of a node's GPUs has a network card, and fetches a part
        of what all of them then pass round."""
        return self.inside if self.nodes == 1 else min(self.inside, self.node * self.between)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What is done, and how well the GPUs are used."""

    questions: int
    mistakes: int
    arms: int = 1
    """Control arms and repeats beside the round, one after the other."""
    batch_size: int = 32
    question_tokens: float = 60
    """Of a question with its choices; a harness task with five examples has ten times as many."""
    evaluating: float = 0.3
    """Share of the GPUs' arithmetic that evaluation reaches."""
    training: float = 0.35
    """And training, apart from waiting for weights."""


def plan(model: Model, cluster: Cluster, turn: Round, work: Mapping[str, Any]) -> dict[str, Any]:
    """By name: seconds of each part, gigabytes of memory and storage, dollars. `work` is as `workload` gives it."""
    n, speed = model.parameters, cluster.gpus * cluster.flops
    per_mistake = work["mining_in_questions"] + work["reading_in_questions"]
    forward = 2 * n * turn.question_tokens / (speed * turn.evaluating)
    evaluations = 2 + turn.arms  # the start's, the round's, and each arm's
    weights = 2 * n  # bytes, in bfloat16

    tokens = work["tokens_a_mistake"] * turn.mistakes * work["epochs"]
    steps = -(-work["rows_a_mistake"] * turn.mistakes * work["epochs"] // turn.batch_size)
    # Forward, backward, and forward again where activations are not kept: 2 + 4 + 2 FLOP for a weight and a token.
    busy = min(1, turn.batch_size / cluster.gpus)  # a GPU without a row only waits
    arithmetic = 8 * n * tokens / (speed * busy * turn.training)
    # Sharded, each GPU gathers all weights before the forward and the backward pass, and scatters all gradients.
    waiting = steps * (3 * weights) * (1 - 1 / cluster.gpus) / cluster.link
    loads = weights / cluster.disk
    trained = 1 + turn.arms
    seconds = {
        "evaluations": forward * turn.questions * evaluations,
        "mining and open book": forward * turn.mistakes * per_mistake,
        "training: arithmetic": arithmetic * trained,
        "training: waiting for weights": waiting * trained,
        # Read to train, gathered and written, read twice to go the share of the way, written, read to be evaluated.
        "reading and writing models": 6 * loads * trained,
    }
    total = sum(seconds.values())
    return {
        "model": dataclasses.asdict(model),
        "cluster": dataclasses.asdict(cluster),
        "round": dataclasses.asdict(turn),
        "steps": int(steps),
        "tokens": int(tokens),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "hours": round(total / 3600, 2),
        "dollars": round(total / 3600 * cluster.gpus * cluster.price),
        "bottleneck": max(seconds, key=lambda name: seconds[name]),
        "memory_gb": {name: round(value / GB, 1) for name, value in memory(model, cluster).items()},
        "storage_gb": {
            "models of a round": round(weights * trained / GB, 1),
            "two checkpoints while training": round(2 * 12 * n / GB, 1),
            "records": round(
                (work["bytes_a_question"] * turn.questions * evaluations + work["bytes_a_mistake"] * turn.mistakes)
                / GB,
                2,
            ),
        },
    }


def memory(model: Model, cluster: Cluster, rows: int = 8, tokens: int = 128) -> dict[str, float]:
    """Bytes on one GPU while training, sharded over all: FSDP2 or ZeRO-3 in mixed precision by AdamW."""
    n = model.parameters
    return {
        # Weights, gradients and two moments in float32.
        "state, sharded": 16 * n / cluster.gpus,
        # Two layers' weights at a time, the next being gathered while one is used.
        "gathered layers": 2 * 2 * n / model.layers,
        # What passes from layer to layer is kept, and one layer's activations in full: 34 bytes for a token and a unit
        # (Korthikanti et al. 2022, arXiv 2205.05198).
        "activations": rows * tokens * model.width * (2 * model.layers + 34),
        "to evaluate, with its share of the cache": 2 * n / _split(n, cluster) * 1.2,
    }


def _split(n: float, cluster: Cluster) -> int:
    """Over how many GPUs a model is split to be evaluated: 1, 2, 4, …, so that it takes up to half their memory."""
    split = 1
    while 2 * n / split > cluster.memory / 2:
        split *= 2
    return split
