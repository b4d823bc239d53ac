"""What every rewriter has to do."""
# ruff: noqa: S101 (to assert is what it is for)

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from cem_toolkit.records import Passage, Rewrite
from cem_toolkit.roles import Component, Context, Rewriter
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.examples import example_passages
from cem_toolkit.testing.whole import check_known, check_records

STATEMENTS = frozenset(("restatement", "summary", "link"))
"""Kinds of rewrites that have no question."""


class RewriterTests(ComponentTests):
    """Checks of a rewriter, with `passages` to rewrite."""

    component: ClassVar[type[Rewriter]]
    role: ClassVar[type[Component]] = Rewriter

    def passages(self) -> Sequence[Passage]:
        """Without hits, as the core gives them."""
        return [dataclasses.replace(passage, hits=()) for passage in example_passages()]

    def work(self, component: Rewriter, ctx: Context) -> list[dict[str, Any]]:
        return [rewrite.to_json() for rewrite in component.rewrite(self.passages(), ctx)]

    def rewrite(self, passages: Sequence[Passage], folder: Path) -> list[Rewrite]:
        return list(self.make().rewrite(passages, self.context(folder)))

    def test_no_passages_give_no_rewrites(self, tmp_path: Path) -> None:
        made = self.rewrite([], tmp_path)
        assert not made, f"makes {len(made)} rewrites of no passages"

    def test_rewrites_are_whole(self, tmp_path: Path) -> None:
        made = self.rewrite(self.passages(), tmp_path)
        check_records(made, Rewrite)
        for each in made:
            fields = each.to_json()
            del fields["id"]
            assert each.id == Rewrite.make(**fields).id, f"rewrite {each.id}: make it by Rewrite.make"
            assert each.text.strip(), f"rewrite {each.id}: has no text"
            has, wants = bool(each.question.strip()), each.kind not in STATEMENTS
            assert has == wants, f"rewrite {each.id}: a {each.kind} has {'a' if wants else 'no'} question"
            assert (each.kind == "link") == bool(each.linked_id), f"rewrite {each.id}: linked_id goes with kind 'link'"

    def test_rewrites_are_of_given_passages(self, tmp_path: Path) -> None:
        given = self.passages()
        used = (key for each in self.rewrite(given, tmp_path) for key in each.passage_ids)
        check_known("passages", used, (passage.id for passage in given))

    def test_who_rewrites_each_passage_alone_may_be_given_parts(self, tmp_path: Path) -> None:
        given = self.passages()
        if self.make().alone():
            parts = [each for passage in given for each in self.rewrite([passage], tmp_path)]
            assert parts == self.rewrite(given, tmp_path), (
                "alone() is True, and one by one passages give other rewrites"
            )

    def test_the_core_keeps_some(self, tmp_path: Path) -> None:
        from cem_toolkit.faithful import keep_faithful

        given = self.passages()
        made = self.rewrite(given, tmp_path)
        assert made, "makes nothing of the suite's passages: override passages() or context()"
        kept, dropped = keep_faithful(made, given)
        reason = f"{dropped[0].reason} {dropped[0].detail}" if dropped else ""
        assert kept, f"all {len(made)} rewrites are dropped, for they say what their passages do not: {reason}"
