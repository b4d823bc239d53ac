"""Runs of a sweep as Ray tasks, of which one goes ahead where several lack the same stage."""

from collections.abc import Sequence

from cem_toolkit.cluster.joining import joined
from cem_toolkit.cluster.tasks import go_on
from cem_toolkit.cluster.waiting import Tasks, threads, told
from cem_toolkit.config import RayConfig
from cem_toolkit.console import Screen
from cem_toolkit.run import Run

LOOK = 2.0
"""Seconds between two looks at what those that went ahead have done."""


def go_on_side_by_side(runs: Sequence[tuple[Run, str]], options: RayConfig, screen: Screen) -> list[str]:
    """Goes on with each of `runs`, which are given with the key of the stage that they lack first. Returns what went
    wrong, a line each.

    Those that lack the same stage would all do it at once, or wait for one of them with a GPU in hand: the others begin
    when the first of them has its first training set, for what differs between runs mostly comes after it.
    """
    leaders: dict[str, Run] = {}
    followers: list[tuple[Run, Run]] = []
    for run, lacks in runs:
        if lacks in leaders:
            followers.append((run, leaders[lacks]))
        else:
            leaders[lacks] = run
    problems: list[str] = []
    ended: set[str] = set()
    with joined(options, quiet=screen.quiet) as ray, Tasks(ray, options) as tasks:

        def begin(run: Run) -> None:
            tasks.begin(run.name, go_on, str(run.folder), threads(), screen.quiet)

        for run in leaders.values():
            begin(run)
        while tasks:
            if done := tasks.next(LOOK):
                ended.add(done[0])
                problems += told(done, screen)
            ahead = [pair for pair in followers if pair[1].name in ended or pair[1].round(1).stage("mix")]
            for run, _ in ahead:
                begin(run)
            followers = [pair for pair in followers if pair not in ahead]
    return problems
