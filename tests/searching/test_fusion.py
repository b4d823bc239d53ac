from cem_toolkit.searching.fusion import fuse


def test_reciprocal_ranks_are_added() -> None:
    fused = fuse([[1, 2, 3], [3, 2]], 10)
    assert fused == {3: {0: 1 / 3, 1: 1.0}, 1: {0: 1.0}, 2: {0: 1 / 2, 1: 1 / 2}}
    assert list(fused) == [3, 1, 2]


def test_ties_go_to_the_earlier_ranking_and_the_rest_is_cut() -> None:
    assert list(fuse([[7], [5], [6]], 2)) == [7, 5]


def test_nothing_ranked() -> None:
    assert fuse([], 3) == {}
    assert fuse([[], []], 3) == {}
