"""Splits: stable, disjoint, and by group."""

import dataclasses

from hypothesis import example, given
from hypothesis import strategies as st

from cem_toolkit.config import SplitConfig
from cem_toolkit.records import Attempt, Part, question_id
from cem_toolkit.splits import assign, share


def attempt(question: str, group: str = "", task: str = "t") -> Attempt:
    return Attempt(
        id=question_id(question), task=task, group=group, question=question, gold="a", answer="a", correct=True,
        prompt=question, completion=" a",
    )  # fmt: skip


def test_the_hash_is_the_same_everywhere() -> None:
    assert share("group", "chad") == 0.9125755724781585


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(0, 5)), unique_by=lambda pair: pair[0]))
@example([("0", 0), ("6", 0), ("6:", 1)])  # the last two are one question by their id, in two groups
def test_splits_do_not_depend_on_order_or_company(pairs: list[tuple[str, int]]) -> None:
    attempts = [attempt(question, f"g{group}") for question, group in pairs]
    together = {(done.id, done.group): done.split for done in assign(attempts, [], SplitConfig())}
    turned = {(done.id, done.group): done.split for done in assign(attempts[::-1], [], SplitConfig())}
    assert together == turned


def test_a_group_is_held_out_whole_or_has_siblings() -> None:
    attempts = [attempt(f"question {number}", f"group {number // 10}") for number in range(2000)]
    done = assign(attempts, [], SplitConfig())
    by_group: dict[str, set[str]] = {}
    for one in done:
        by_group.setdefault(one.group, set()).add(one.split)
    assert all(splits == {"held_out"} or "held_out" not in splits for splits in by_group.values())
    count = {name: sum(one.split == name for one in done) for name in ("mined", "sibling", "held_out", "selection")}
    assert 0.15 < count["held_out"] / 2000 < 0.35
    assert 0.12 < count["sibling"] / 2000 < 0.26
    assert 0.10 < count["selection"] / (count["selection"] + count["mined"]) < 0.20


def test_stopping_questions_are_cut_from_the_mined_and_no_sibling_goes_with_them_alone() -> None:
    attempts = [attempt(f"question {number}", f"group {number // 2}") for number in range(2000)]
    before = assign(attempts, [], SplitConfig())
    after = assign(attempts, [], SplitConfig(stopping=0.5))
    moved = {(one.split, two.split) for one, two in zip(before, after, strict=True) if one.split != two.split}
    assert moved == {("mined", "stopping"), ("sibling", "held_out")}
    mined = {one.group for one in after if one.split == "mined"}
    assert all(one.group in mined for one in after if one.split == "sibling")


def test_without_groups_as_much_is_mined_as_with_them() -> None:
    done = assign([attempt(f"question {number}") for number in range(4000)], [], SplitConfig())
    steering = sum(one.split in ("mined", "selection") for one in done) / 4000
    assert abs(steering - 0.75 * 0.75) < 0.03
    assert {one.split for one in done} == {"mined", "selection", "held_out"}


def test_a_tasks_training_part_is_mined_and_its_test_part_only_reported() -> None:
    parts: list[Part] = ["train", "test"]
    attempts = [
        dataclasses.replace(attempt(f"{part} question {number}"), part=part) for part in parts for number in range(50)
    ]
    done = assign(attempts, [], SplitConfig())
    assert {one.split for one in done if one.part == "train"} == {"mined", "selection"}
    assert {one.split for one in done if one.part == "test"} == {"held_out"}


def test_a_question_that_one_task_holds_out_is_mined_in_none() -> None:
    attempts = [attempt(f"question {number}", "", task) for number in range(50) for task in ("first", "second")]
    attempts = [dataclasses.replace(one, part="test" if one.task == "second" else "") for one in attempts]
    assert {one.split for one in assign(attempts, [], SplitConfig())} == {"held_out"}


def test_what_a_general_task_asks_is_never_mined() -> None:
    attempts = [attempt(f"question {number}") for number in range(100)]
    general = [dataclasses.replace(one, task="general") for one in attempts]
    done = assign(attempts, general, SplitConfig())
    assert {one.split for one in done if one.task == "t"} == {"held_out"}
    assert {one.split for one in done if one.task == "general"} == {"general"}
