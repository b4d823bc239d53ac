"""The undisturbed run that every other is compared with."""

from dataclasses import dataclass
from pathlib import Path

import warm
from moments import events, name_of
from world import World, make_world


@dataclass(frozen=True)
class Reference:
    world: World
    run: Path
    stages: list[str]
    """In order, such as `round-1/mine`."""
    seconds: dict[str, float]
    """That each took; of the times between them about as much as they take."""
    more: tuple[str, ...] = ()
    """Arguments beyond the world's own."""


_made: dict[tuple[Path, str], Reference] = {}


def make_reference(folder: Path, seed: int, arms: bool = True, name: str = "", more: tuple[str, ...] = ()) -> Reference:
    """The world below `folder` and a whole run in it; made once. Raises RuntimeError where even that fails."""
    name = name or ("arms" if arms else "plain")
    if (folder, name) in _made:
        return _made[folder, name]
    place, output = folder / f"world-{name}", folder / f"undisturbed-{name}.txt"
    world = World(place, arms)
    for trying in (
        warm.fork(lambda: make_world(place, seed, arms), folder, output),
        lambda: warm.start(world.evolve("undisturbed", *more), place, output),
    ):
        made = trying() if callable(trying) else trying
        if made.wait(600) != 0:
            raise RuntimeError(f"the undisturbed run failed: {made.said()[-2000:]}")
    run = world.run("undisturbed")
    if run is None:
        raise RuntimeError(f"the undisturbed run left nothing in {world.folder}")
    ends = [event for event in events(run) if event["event"] == "stage_finished"]
    seconds = {name_of(event): float(event["seconds"]) for event in ends}
    made_one = Reference(world, run, list(seconds), seconds, more)
    _made[folder, name] = made_one
    return made_one
