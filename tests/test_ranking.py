from cem_toolkit.ranking import shuffled


def test_shuffles_are_the_seeds() -> None:
    ids = [str(n) for n in range(20)]
    assert shuffled(ids, 0, "x") == shuffled(ids[::-1], 0, "x") != shuffled(ids, 1, "x")
    assert shuffled(ids, 0, "x") != shuffled(ids, 0, "y")
