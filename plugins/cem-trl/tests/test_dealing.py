"""Every example is seen once, in its own step, in any number of processes."""

from hypothesis import given
from hypothesis import strategies as st

from cem_trl.dealing import NOTHING, deal
from cem_trl.encoding import Example
from cem_trl.layout import Layout
from cem_trl.options import TrlOptions


@given(
    examples=st.integers(1, 60),
    batch_size=st.integers(1, 20),
    micro_batch_size=st.integers(1, 9),
    processes=st.integers(2, 5),
)
def test_steps_are_the_same_and_processes_take_equal_turns(
    examples: int, batch_size: int, micro_batch_size: int, processes: int
) -> None:
    order = [Example([number + 1], [number + 1]) for number in range(examples)]
    options = TrlOptions(batch_size=batch_size, micro_batch_size=micro_batch_size)
    rows, times = Layout(processes=processes).share(options)
    assert rows <= micro_batch_size
    dealt = deal(order, batch_size, rows, times * processes)
    room = rows * times * processes
    steps = [dealt[start : start + room] for start in range(0, len(dealt), room)]
    assert all(len(step) == room for step in steps)
    seen = [[each for each in step if each is not NOTHING] for step in steps]
    assert seen == [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def test_nothing_adds_nothing() -> None:
    assert NOTHING.supervised == 0
