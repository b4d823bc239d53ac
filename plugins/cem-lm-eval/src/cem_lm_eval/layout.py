"""How requests are laid out so that nothing is computed twice: prompts shared by continuations, prefixes by prompts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

Request = tuple[Sequence[int], Sequence[int]]
"""Token ids of a prompt and of a continuation, neither of them empty."""

LONGEST_SHARED = 512
"""Tokens of a row in which several prompts stand."""
MOST_OWN = 256
"""Tokens of continuations that always may stand in a row below one prompt."""
LEVELS = 8
"""Prefixes within prefixes that are looked at: a task's description, its examples, the beginning of its questions."""


@dataclass(frozen=True)
class Job:
    """Continuations of one prompt."""

    prompt: list[int]
    continuations: list[list[int]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Of the continuations among all requests."""


@dataclass(frozen=True)
class Row:
    """One sequence for the model, a tree in which each token sees its own segment so far and those above it.

    The first segment is what the prompts of all jobs have in common after their group's prefix (of one job: its
    prompt); below it are the rest of each prompt, and below that every continuation but for its last token.
    """

    jobs: list[Job]
    tokens: list[int]
    positions: list[int]
    """Of the tokens in the text that each belongs to."""
    segments: list[int]
    """Of the tokens."""
    above: list[int]
    """For each segment the one above it; for the first itself."""
    scored: list[list[int]]
    """For each continuation the places in the row at which its tokens are predicted."""


@dataclass(frozen=True)
class Group:
    """Jobs, in the order of their prompts, which have `prefix` in common: never a whole prompt, and empty where it
    would save little."""

    prefix: list[int]
    jobs: list[Job]


def gather(requests: Iterable[Request], window: int) -> tuple[list[Job], int]:
    """The jobs of `requests`, and how many prompts were cut from the left because the model reads `window` tokens.

    As in lm-eval, a continuation's last token is only scored, never read.
    """
    jobs: dict[tuple[int, ...], Job] = {}
    cut = 0
    for place, (prompt, continuation) in enumerate(requests):
        room = window + 1 - len(continuation)
        cut += len(prompt) > room
        kept = tuple(prompt[-room:])
        job = jobs.setdefault(kept, Job(list(kept)))
        job.continuations.append(list(continuation))
        job.places.append(place)
    return [part for job in jobs.values() for part in _parts(job)], cut


def _parts(job: Job) -> Iterator[Job]:
    """`job`, or where its continuations are many times as long as its prompt, parts of it: the prompt is read again for
    each, but attention is worked out between all tokens of a row."""
    most = max(MOST_OWN, 4 * len(job.prompt))
    part, size = Job(job.prompt), 0
    for continuation, place in zip(job.continuations, job.places, strict=True):
        size += len(continuation)
        if part.places and size > most:
            yield part
            part, size = Job(job.prompt), len(continuation)
        part.continuations.append(continuation)
        part.places.append(place)
    yield part


def families(group: Group) -> Iterator[list[Job]]:
    """The jobs that share a row: their prompts have at least half in common, and the row stays short, because in it
    attention is worked out between all tokens."""
    family: list[Job] = []
    size = 0
    start = len(group.prefix)
    for job in group.jobs:
        own = sum(map(len, job.continuations))
        if family:
            common = _common([family[0], job]) - start
            size += len(job.prompt) - start - common + own
            longest = max(len(each.prompt) for each in (*family, job)) - start
            if size > LONGEST_SHARED or 2 * common < longest:
                yield family
                family = []
        if not family:
            size = len(job.prompt) - start + own
        family.append(job)
    if family:
        yield family


def lay_out(jobs: Sequence[Job], prefix: int) -> Row:
    """The row of `jobs`, in the order of their prompts, when the first `prefix` tokens of each were read before."""
    alone = len(jobs) == 1
    stem = len(jobs[0].prompt) if alone else _common(jobs)
    row = Row(list(jobs), [], [], [], [], [])

    def add(tokens: Sequence[int], position: int, above: int) -> int:
        """Where in the row these tokens begin, as a segment of their own."""
        row.above.append(above)
        place = len(row.tokens)
        row.tokens.extend(tokens)
        row.positions.extend(range(position, position + len(tokens)))
        row.segments.extend([len(row.above) - 1] * len(tokens))
        return place

    add(jobs[0].prompt[prefix:stem], prefix, 0)
    for job in jobs:
        if not alone:
            add(job.prompt[stem:], stem, 0)
        prompt, last = len(row.above) - 1, len(row.tokens) - 1
        for continuation in job.continuations:
            place = add(continuation[:-1], len(job.prompt), prompt)
            row.scored.append([last, *range(place, place + len(continuation) - 1)])
    return row


def batches(rows: Iterable[Row], budget: int) -> Iterator[list[Row]]:
    """`rows` by length, the longest first, in batches of `budget` tokens at most with padding, but of one row at
    least."""
    batch: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row.tokens), reverse=True):
        if batch and (len(batch) + 1) * len(batch[0].tokens) > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def groups(jobs: Iterable[Job], least: int) -> list[Group]:
    """`jobs` by the prefixes that save the most tokens when each is read once for its whole group; none is read apart,
    in batches of its own, to save fewer than `least`."""
    ordered = sorted(jobs, key=lambda job: job.prompt)
    return _best(ordered, least, LEVELS)[1] if ordered else []


def _best(jobs: Sequence[Job], least: int, levels: int) -> tuple[int, list[Group]]:
    """Tokens saved, and the groups that save them, of `jobs` in the order of their prompts."""
    common = _common(jobs)
    alone = _as_one(jobs, common, least)
    if levels == 0 or len(jobs) == 1:
        return alone
    saved, found = 0, list[Group]()
    rest: list[Job] = []
    for _, branch in groupby(jobs, key=lambda job: job.prompt[common]):
        of_branch = list(branch)
        more, deeper = _best(of_branch, least, levels - 1)
        if more - common * len(of_branch) >= least:
            saved, found = saved + more, found + deeper
        else:
            rest += of_branch
    if rest:
        more, group = _as_one(rest, common, least)
        saved, found = saved + more, found + group
    return max(alone, (saved, found), key=lambda option: option[0])


def _as_one(jobs: Sequence[Job], common: int, least: int) -> tuple[int, list[Group]]:
    saved = common * (len(jobs) - 1)
    if saved < least:
        return 0, [Group([], list(jobs))]
    return saved, [Group(jobs[0].prompt[:common], list(jobs))]


def _common(jobs: Sequence[Job]) -> int:
    """Length of the prefix that all prompts have in common, each less its last token. The prompts are in order, so the
    first and the last differ the earliest."""
    first, last = jobs[0].prompt, jobs[-1].prompt
    most = min(len(first), len(last)) - 1
    return next((place for place in range(most) if first[place] != last[place]), most)
