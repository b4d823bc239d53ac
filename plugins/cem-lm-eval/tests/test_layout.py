"""What is read once, for whom, and in which batches."""

import random

from hypothesis import given
from hypothesis import strategies as st

from cem_lm_eval import layout
from cem_lm_eval.layout import Group, Job, batches, families, gather, groups, lay_out

TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=layout.MOST_OWN // 12))
def test_every_request_is_in_one_place(requests: list[tuple[list[int], list[int]]]) -> None:
    jobs, cut = gather(requests, window=100)
    assert cut == 0
    found = {place: (job.prompt, end) for job in jobs for place, end in zip(job.places, job.continuations, strict=True)}
    assert [found[place] for place in range(len(requests))] == requests
    assert len({tuple(job.prompt) for job in jobs}) == len(jobs)


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=30), st.integers(0, 40))
def test_groups_keep_every_job_and_only_true_prefixes(requests: list[tuple[list[int], list[int]]], least: int) -> None:
    jobs, _ = gather(requests, window=100)
    found = groups(jobs, least)
    assert sorted(job.prompt for group in found for job in group.jobs) == sorted(job.prompt for job in jobs)
    for group in found:
        for job in group.jobs:
            assert job.prompt[: len(group.prefix)] == group.prefix
            assert len(job.prompt) > len(group.prefix)


def test_a_prefix_of_many_is_read_once() -> None:
    task, other = [9] * 300, [8] * 300
    jobs = [Job([*start, number, number]) for start in (task, other) for number in range(10)]
    random.Random(0).shuffle(jobs)  # noqa: S311 (guards nothing)
    found = {tuple(group.prefix): len(group.jobs) for group in groups(jobs, 512)}
    assert found == {tuple(task): 10, tuple(other): 10}


def test_prefixes_that_save_little_are_not_worth_batches_of_their_own() -> None:
    few = [Job([1, start, number, number]) for start in (2, 3) for number in range(10)]
    assert [group.prefix for group in groups(few, 512)] == [[]]
    many = [Job([1, 1, start, number]) for start in (2, 3) for number in range(200)]
    assert [group.prefix for group in groups(many, 512)] == [[1, 1]]


def test_prompts_within_prompts_stay_apart() -> None:
    jobs = [Job([5] * length) for length in range(1, 2000)]
    found = groups(jobs, 512)
    assert sum(len(group.jobs) for group in found) == len(jobs)


def test_prompts_are_cut_from_the_left_as_lm_eval_does() -> None:
    jobs, cut = gather([(list(range(10)), [50, 51]), (list(range(10)), [60]), ([1], [2])], window=5)
    assert cut == 2
    assert [(job.prompt, job.continuations) for job in jobs] == [
        ([6, 7, 8, 9], [[50, 51]]),
        ([5, 6, 7, 8, 9], [[60]]),
        ([1], [[2]]),
    ]


def test_long_texts_are_not_all_read_beside_each_other() -> None:
    texts = [([0], [number] * 100) for number in range(20)]
    jobs, _ = gather(texts, window=1000)
    assert {place for job in jobs for place in job.places} == set(range(20))
    assert max(len(lay_out([job], 0).tokens) for job in jobs) <= 1 + layout.MOST_OWN
    (question,), _ = gather([([0] * 500, [number] * 100) for number in range(20)], window=1000)
    assert len(question.places) == 20


def test_a_row_reads_the_prompt_once_and_no_last_token() -> None:
    row = lay_out([Job([1, 2, 3], [[4, 5, 6], [7]], [0, 1])], prefix=1)
    assert row.tokens == [2, 3, 4, 5]
    assert row.positions == [1, 2, 3, 4]
    assert row.segments == [0, 0, 1, 1]
    assert row.above == [0, 0, 0]
    assert row.scored == [[1, 2, 3], [1]]


def test_prompts_that_have_half_in_common_share_a_row() -> None:
    jobs = [Job([1, 2, 3, 4, end], [[5, 6]], [end]) for end in (7, 8)]
    (shared,) = families(Group([1], jobs))
    row = lay_out(shared, prefix=1)
    assert row.tokens == [2, 3, 4, 7, 5, 8, 5]
    assert row.positions == [1, 2, 3, 4, 5, 4, 5]
    assert row.segments == [0, 0, 0, 1, 2, 3, 4]
    assert row.above == [0, 0, 1, 0, 3]
    assert row.scored == [[3, 4], [5, 6]]
    apart = [Job([1, 2, start, 4, 4, 4, 4], [[5, 6]], [start]) for start in (7, 8)]
    assert [len(family) for family in families(Group([1], apart))] == [1, 1]
    many = [Job([1] * 20 + [number], [[5, 6]], [number]) for number in range(1000)]
    assert max(len(lay_out(family, 0).tokens) for family in families(Group([], many))) <= layout.LONGEST_SHARED


def test_batches_hold_rows_of_like_length_within_the_budget() -> None:
    rows = [lay_out([Job([1] * length, [[2]], [0])], 0) for length in (5, 90, 7, 6, 100, 8)]
    sizes = [[len(row.tokens) for row in batch] for batch in batches(rows, budget=30)]
    assert sizes == [[100], [90], [8, 7, 6], [5]]


def test_nothing_to_do() -> None:
    assert groups([], 512) == []
    assert list(batches([], 10)) == []
    assert groups([Job([1, 2])], 512) == [Group([], [Job([1, 2])])]
