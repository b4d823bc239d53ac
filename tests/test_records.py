"""Records that name two parents of a kind are told from those that name one, whose ids stay what they were."""

from cem_toolkit.records import Rewrite

FIELDS = {"passage_id": "p-1", "kind": "link", "text": "Niger borders Chad."}


def test_a_rewrite_of_two_passages_names_both() -> None:
    assert Rewrite.make(**FIELDS).passage_ids == ("p-1",)
    assert Rewrite.make(**FIELDS, linked_id="p-2").passage_ids == ("p-1", "p-2")


def test_the_second_passage_is_part_of_a_rewrites_id_only_where_there_is_one() -> None:
    ids = [Rewrite.make(**FIELDS, linked_id=linked).id for linked in ("", "p-2", "p-3")]
    assert len(set(ids)) == 3
    assert ids[0] == Rewrite.make(**FIELDS).id == "w-30017b21af448828"


def test_rewrites_come_back_from_json_those_without_a_second_passage_too() -> None:
    two = Rewrite.make(**FIELDS, linked_id="p-2")
    assert Rewrite.from_json(two.to_json()) == two
    older = {name: value for name, value in Rewrite.make(**FIELDS).to_json().items() if name != "linked_id"}
    assert Rewrite.from_json(older) == Rewrite.make(**FIELDS)
