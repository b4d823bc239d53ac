from hypothesis import given
from hypothesis import strategies as st

from cem_toolkit.api import Row
from cem_toolkit.builtin.portions import amount, fair_order, within_budget
from cem_toolkit.records import RowKind


def row(name: str, kind: RowKind = "passage") -> Row:
    return Row(id=name, kind=kind, prompt="", completion=name, parents=())


def test_every_mistake_gets_some_before_any_gets_more() -> None:
    a, b, c, d = (row(name) for name in "abcd")
    assert fair_order({"m1": [a, b, c], "m2": [d]}) == [a, d, b, c]


def test_a_shared_row_counts_for_all_its_mistakes() -> None:
    shared, b, c, d = (row(name) for name in "abcd")
    assert fair_order({"m1": [shared, b], "m2": [shared, c], "m3": [d]}) == [shared, d, b, c]


@given(st.dictionaries(st.sampled_from("mnop"), st.lists(st.sampled_from("abcdefgh"), unique=True)))
def test_fair_order_keeps_every_row_once(queues: dict[str, list[str]]) -> None:
    order = [
        each.id for each in fair_order({mistake: [row(name) for name in names] for mistake, names in queues.items()})
    ]
    assert sorted(order) == sorted({name for names in queues.values() for name in names})


KINDS: list[RowKind] = ["passage", "normative", "review"]
COSTS = st.lists(st.floats(0, 50, allow_nan=False), max_size=12)


@given(st.fixed_dictionaries(dict.fromkeys(KINDS, COSTS)), st.integers(1, 300), st.floats(0, 1))
def test_the_budget_is_never_exceeded(costs: dict[RowKind, list[float]], budget: int, share: float) -> None:
    rows: dict[RowKind, list[Row]] = {
        kind: [row(f"{kind}{i}", kind) for i in range(len(costs[kind]))] for kind in KINDS
    }
    price = {row.id: cost for kind in KINDS for row, cost in zip(rows[kind], costs[kind], strict=True)}
    chosen = within_budget([rows], price, {"passage": 1, "normative": share}, budget)
    spent = sum(price[row.id] for made in chosen.values() for row in made)
    assert spent <= budget + 1e-6
    assert not chosen["review"]
    left = [price[row.id] for kind in ("passage", "normative") for row in rows[kind] if row not in chosen[kind]]
    assert share == 0 or all(cost > budget - spent - 1e-6 for cost in left)


def test_shares_are_kept_and_leftovers_passed_on() -> None:
    rows: dict[RowKind, list[Row]] = {kind: [row(f"{kind}{i}", kind) for i in range(40)] for kind in KINDS}
    price = {row.id: 1.0 for made in rows.values() for row in made}
    chosen = within_budget([rows], price, {"passage": 2, "normative": 1, "review": 1}, 40)
    assert {kind: len(made) for kind, made in chosen.items()} == {"passage": 20, "normative": 10, "review": 10}
    rows["passage"] = rows["passage"][:4]
    chosen = within_budget([rows], price, {"passage": 2, "normative": 1, "review": 1}, 40)
    assert {kind: len(made) for kind, made in chosen.items()} == {"passage": 4, "normative": 18, "review": 18}


def test_amounts() -> None:
    assert (amount(1, 50), amount(1.0, 50), amount(0.1, 50)) == (1, 50, 5)


def test_what_matters_most_comes_first_and_takes_over_what_other_kinds_leave() -> None:
    first: dict[RowKind, list[Row]] = {"passage": [row(f"best{i}") for i in range(30)], "normative": []}
    second: dict[RowKind, list[Row]] = {"normative": [row(f"other{i}", "normative") for i in range(30)]}
    third: dict[RowKind, list[Row]] = {"review": [row(f"review{i}", "review") for i in range(30)]}
    price = {row.id: 1.0 for tier in (first, second, third) for made in tier.values() for row in made}
    shares: dict[RowKind, float] = {"passage": 1, "normative": 1, "review": 2}
    for budget, passages, normative, review in ((40, 20, 0, 20), (70, 30, 10, 30), (90, 30, 30, 30)):
        chosen = within_budget([first, second, third], price, shares, budget)
        assert (len(chosen["passage"]), len(chosen["normative"]), len(chosen["review"])) == (
            passages,
            normative,
            review,
        ), budget


def test_a_row_of_two_tiers_is_taken_once() -> None:
    one = row("one")
    chosen = within_budget([{"passage": [one]}, {"passage": [one]}], {"one": 1.0}, {"passage": 1}, 10)
    assert chosen == {"passage": [one]}
