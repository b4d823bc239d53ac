"""Which rows are padded together."""

from collections.abc import Sequence

PASS = 96
"""What one more pass through the layers costs, in tokens: it reads every weight, and adds to every gradient."""


def runs(lengths: Sequence[int]) -> list[tuple[slice, int]]:
    """The rows of these lengths in consecutive runs, each with its longest row's length, for least time.

    That is the tokens with padding, and `PASS` for each run.
    """
    least, starts = [0], [0]
    for end in range(1, len(lengths) + 1):
        longest, costs = 0, {}
        for start in range(end - 1, -1, -1):
            longest = max(longest, lengths[start])
            costs[start] = least[start] + longest * (end - start) + PASS
        starts.append(min(costs, key=costs.__getitem__))
        least.append(costs[starts[-1]])
    found: list[tuple[slice, int]] = []
    end = len(lengths)
    while end:
        found.append((slice(starts[end], end), max(lengths[starts[end] : end])))
        end = starts[end]
    return found[::-1]
