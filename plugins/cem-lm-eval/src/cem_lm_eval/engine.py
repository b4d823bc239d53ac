"""Log-likelihoods of continuations, with no token read and no logits computed but those that count."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import DynamicCache

from cem_lm_eval.layout import Group, Job, Row, batches, families, groups, lay_out

LOGIT_BYTES = 2**28
"""Of the logits that are in memory at once, in float32: 256 positions of a vocabulary of 262,144."""
TILE = 2**20
"""Logits that are worked on at once on a CPU, in float32: 4 MiB, few enough for its cache."""

unplanned_attention = sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])
"""PyTorch's attention but for cuDNN's, which first plans for tens of milliseconds whenever a batch has a new shape."""

Answer = tuple[float, bool]
"""A continuation's log-likelihood in nats, and whether each of its tokens was the likeliest."""


@torch.inference_mode()
def answer(network: Any, jobs: Sequence[Job], budget: int) -> Iterator[tuple[int, Answer]]:
    """The place and the answer of every continuation of `jobs`, batch by batch.

    `network` is a causal model of transformers that passes `sharing.why_not`; `budget` the tokens of a batch at most.
    """
    # A batch takes as long as its tokens, but a device that can take more is not filled by a few.
    for group in groups(jobs, least=budget // 2):
        cache = _read(network, group.prefix)
        rows = [lay_out(family, len(group.prefix)) for family in families(group)]
        for batch in batches(rows, budget):
            yield from _answer_batch(network, batch, group, cache)


def _answer_batch(network: Any, batch: list[Row], group: Group, cache: Any) -> Iterator[tuple[int, Answer]]:
    try:
        answers = _answers(network, batch, len(group.prefix), cache)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
        half = len(batch) // 2
        for part in (batch[:half], batch[half:]):
            yield from _answer_batch(network, part, group, cache)
        return
    places = [place for row in batch for job in row.jobs for place in job.places]
    yield from zip(places, answers, strict=True)


@unplanned_attention
def _read(network: Any, prefix: Sequence[int]) -> Any:
    """The keys and values of `prefix`, or None where it is empty."""
    if not prefix:
        return None
    cache = DynamicCache(config=network.config)
    network.base_model(input_ids=torch.tensor([prefix], device=network.device), past_key_values=cache, use_cache=True)
    return cache


@unplanned_attention
def _answers(network: Any, batch: Sequence[Row], prefix: int, cache: Any) -> list[Answer]:
    """Of every continuation of every row."""
    hidden = _hidden(network, batch, prefix, cache).flatten(0, 1)
    length = len(hidden) // len(batch)
    wanted: dict[int, int] = {}  # place in `hidden` to place among those that are scored
    at: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for number, row in enumerate(batch):
        continuations = [each for job in row.jobs for each in job.continuations]
        for scored, continuation in zip(row.scored, continuations, strict=True):
            owner = owners[-1] + 1 if owners else 0
            at += [wanted.setdefault(number * length + place, len(wanted)) for place in scored]
            targets += continuation
            owners += [owner] * len(continuation)
    kept = hidden[torch.tensor(list(wanted), device=hidden.device)]
    return _score(network, kept, torch.tensor(at), torch.tensor(targets), torch.tensor(owners))


def _hidden(network: Any, batch: Sequence[Row], prefix: int, cache: Any) -> torch.Tensor:
    """The last layer's output [rows, tokens, width]."""
    device, length = network.device, max(len(row.tokens) for row in batch)

    def padded(name: str) -> torch.Tensor:
        lists = [getattr(row, name) for row in batch]
        return torch.tensor([each + [0] * (length - len(each)) for each in lists], device=device)

    if cache is not None:
        cache = copy.deepcopy(cache)
        cache.batch_select_indices(torch.zeros(len(batch), dtype=torch.long, device=device))
    positions = padded("positions")
    mask = None
    if any(len(row.scored) > 1 for row in batch):  # else all see all that stands before
        mask = _masks(network, _sight([row.above for row in batch], padded("segments")), positions, prefix)
    result = network.base_model(
        input_ids=padded("tokens"),
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=cache is not None,
    )
    return result.last_hidden_state  # type: ignore[no-any-return]


def _sight(above: Sequence[Sequence[int]], segments: torch.Tensor) -> torch.Tensor:
    """Which tokens each token sees, [rows, tokens, tokens]: of its own segment and those above it what is earlier.

    `above` as in `Row`, `segments` [rows, tokens]. Padding, on the right, is seen by padding alone.
    """
    count = max(map(len, above))
    lineage = numpy.zeros((len(above), count, count), dtype=bool)
    for tree, parents in zip(lineage, above, strict=True):
        for segment, parent in enumerate(parents):  # a segment stands after the one above it
            tree[segment] = tree[parent]
            tree[segment, segment] = True
    rows = torch.arange(len(above), device=segments.device)[:, None, None]
    length = segments.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return torch.from_numpy(lineage).to(segments.device)[rows, segments[:, :, None], segments[:, None, :]] & earlier


def _masks(network: Any, seen: torch.Tensor, positions: torch.Tensor, prefix: int) -> Any:
    """`seen` [rows, tokens, tokens] in the form that the model's layers take, with the prefix before it, which all see.

    Each mask is [rows, 1, tokens, prefix and tokens].
    """
    before = seen.new_ones(*seen.shape[:2], prefix)
    full = torch.cat([before, seen], dim=2)
    window = sliding_window(network)
    if window is None:
        return _as_mask(network, full)
    start = torch.arange(prefix, device=positions.device).expand(len(positions), -1)
    distance = positions[:, :, None] - torch.cat([start, positions], dim=1)[:, None, :]
    # Of the prefix, layers with a window keep no more than it shows of it.
    near = (full & (distance < window))[..., max(0, prefix - window + 1) :]
    kinds = layer_kinds(network)
    if "full_attention" not in kinds:
        return _as_mask(network, near)
    return {"full_attention": _as_mask(network, full), "sliding_attention": _as_mask(network, near)}


def _as_mask(network: Any, seen: torch.Tensor) -> torch.Tensor:
    if network.config._attn_implementation == "sdpa":
        return seen[:, None]
    hide = torch.finfo(network.dtype).min
    return torch.zeros_like(seen, dtype=network.dtype).masked_fill(~seen, hide)[:, None]


def layer_kinds(network: Any) -> set[str]:
    """Of the model's attention layers: "full_attention", "sliding_attention", and names that are not known here."""
    config = network.config.get_text_config()
    if kinds := getattr(config, "layer_types", None):
        return set(kinds)
    return {"full_attention" if sliding_window(network) is None else "sliding_attention"}


def sliding_window(network: Any) -> int | None:
    """Tokens that layers with a window see, the token itself included; None where no layer has one."""
    config = network.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds and "sliding_attention" not in kinds:
        return None
    return getattr(config, "sliding_window", None)


def _score(
    network: Any, hidden: torch.Tensor, at: torch.Tensor, targets: torch.Tensor, owners: torch.Tensor
) -> list[Answer]:
    """Sums by owner of the log-likelihoods of `targets`, each by the logits of `hidden[at]`, in float32 whatever the
    model computes in. `hidden` is [places, width], the others [targets]."""
    vocabulary = network.get_output_embeddings().weight.shape[0]
    values, likeliest = torch.empty(len(targets)), torch.empty(len(targets), dtype=torch.bool)
    first = 0
    # In chunks of one size: a small last one would take nearly as long as a full one.
    for chunk in hidden.chunk(-(-len(hidden) * vocabulary * 4 // LOGIT_BYTES)):
        logits = to_logits(network, chunk)
        normaliser, best = _normalise(logits)
        those = (at >= first) & (at < first + len(chunk))
        places, wanted = (at[those] - first).to(logits.device), targets[those].to(logits.device)
        values[those] = (logits[places, wanted].float() - normaliser[places]).cpu()
        likeliest[those] = (best[places] == wanted).cpu()
        first += len(chunk)
    count = int(owners[-1]) + 1
    sums = torch.zeros(count).index_add_(0, owners, values)
    misses = torch.zeros(count).index_add_(0, owners, (~likeliest).float())
    return list(zip(sums.tolist(), (misses == 0).tolist(), strict=True))


def _normalise(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The logarithm of the sum of the exponentials of each row of `logits` [places, vocabulary], in float32, and the
    place of its largest number.

    As `logsumexp` and `argmax` give them, but with few passes over memory, and none of it asked for anew.
    """
    at_once = max(1, TILE // logits.shape[1]) if logits.device.type == "cpu" else len(logits)
    normaliser = logits.new_empty(len(logits), dtype=torch.float32)
    best = logits.new_empty(len(logits), dtype=torch.long)
    work = logits.new_empty(min(at_once, len(logits)), logits.shape[1], dtype=torch.float32)
    for start in range(0, len(logits), at_once):
        rows = slice(start, start + at_once)
        tile = work[: len(logits[rows])].copy_(logits[rows])
        best[rows] = tile.argmax(-1)
        most = tile.gather(-1, best[rows, None])
        normaliser[rows] = tile.sub_(most).exp_().sum(-1).log_().add_(most[:, 0])
    return normaliser, best


def to_logits(network: Any, hidden: torch.Tensor) -> torch.Tensor:
    """The logits at `hidden` [places, width], as the model's own head makes them."""
    config = network.config.get_text_config()
    logits: torch.Tensor = network.get_output_embeddings()(hidden)
    if scale := getattr(config, "logit_scale", None):  # Cohere
        logits = logits * scale
    if divisor := getattr(config, "logits_scaling", None):  # Granite
        logits = logits / divisor
    if cap := getattr(config, "final_logit_softcapping", None):  # Gemma 2
        logits = (logits / cap).tanh() * cap
    return logits
