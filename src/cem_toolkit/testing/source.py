"""What every knowledge source has to do."""
# ruff: noqa: S101 (to assert is what it is for)

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from cem_toolkit.records import Mistake, Passage
from cem_toolkit.roles import Component, Context, Source
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.examples import example_mistakes, mistake_about
from cem_toolkit.testing.whole import check_known, check_records, check_same

FEW, MANY = 3, 1000
"""Passages that are drawn, and documents that are looked at, at most."""


class SourceTests(ComponentTests):
    """Checks of a knowledge source, with `mistakes` to look up."""

    component: ClassVar[type[Source]]
    role: ClassVar[type[Component]] = Source

    def mistakes(self) -> Sequence[Mistake]:
        """What is looked up. Override it where the source knows nothing of capitals, rivers, bytes and insulin."""
        return example_mistakes()

    def given(self, source: Source, ctx: Context) -> list[Mistake]:
        """`mistakes`, and what a source that draws at random has pages about."""
        try:
            titles = sorted({passage.title for passage in source.sample(FEW, ctx)})
        except NotImplementedError:
            titles = []
        return [*self.mistakes(), *map(mistake_about, titles)]

    def work(self, component: Source, ctx: Context) -> list[dict[str, Any]]:
        return [passage.to_json() for passage in component.retrieve(self.given(component, ctx), ctx)]

    def test_finds_something(self, tmp_path: Path) -> None:
        source, ctx = self.make(), self.context(tmp_path)
        assert list(source.retrieve(self.given(source, ctx), ctx)), (
            "finds nothing for the suite's mistakes: override mistakes() with some that the source knows about"
        )

    def test_no_mistakes_give_no_passages(self, tmp_path: Path) -> None:
        found = list(self.make().retrieve([], self.context(tmp_path)))
        assert not found, f"finds {len(found)} passages for no mistakes"

    def test_passages_are_whole(self, tmp_path: Path) -> None:
        source, ctx = self.make(), self.context(tmp_path)
        self.check_passages(source.retrieve(self.given(source, ctx), ctx))

    def check_passages(self, passages: Iterable[Passage]) -> list[Passage]:
        found = list(passages)
        check_records(found, Passage)
        for passage in found:
            fields = {**passage.to_json(), "hits": passage.hits}
            del fields["id"]
            assert passage.id == Passage.make(**fields).id, f"passage {passage.id}: make it by Passage.make"
            assert passage.source == self.component.name, f"passage {passage.id}: has the source {passage.source!r}"
            for name in ("title", "text", "licence"):
                assert getattr(passage, name).strip(), f"passage {passage.id} ({passage.title}): has no {name}"
        return found

    def test_hits_name_given_mistakes(self, tmp_path: Path) -> None:
        source, ctx = self.make(), self.context(tmp_path)
        given = self.given(source, ctx)
        found = list(source.retrieve(given, ctx))
        check_known("mistakes", (hit.mistake_id for each in found for hit in each.hits), (each.id for each in given))
        bare = [passage.title for passage in found if not passage.hits]
        assert not bare, f"passages without hits, so found for nothing: {', '.join(bare[:3])}"

    def test_what_it_tells_early_is_what_it_returns(self, tmp_path: Path) -> None:
        source, told = self.make(), dict[str, Sequence[Passage]]()
        ctx = self.context(tmp_path, found=told.__setitem__)
        given = self.given(source, ctx)
        found = {passage.id for passage in source.retrieve(given, ctx)}
        check_known("mistakes (by ctx.found)", told, (mistake.id for mistake in given))
        check_known("passages (by ctx.found)", (each.id for early in told.values() for each in early), found)

    def test_samples_are_random_by_the_seed(self, tmp_path: Path) -> None:
        ctx = self.context(tmp_path)
        drawn = self._sample(FEW, ctx)
        check_same(self._sample(FEW, ctx), drawn, "two samples of one seed differ")
        if len(drawn) < FEW or len(self._sample(FEW + 1, ctx)) == FEW:  # all that there is
            more = len(self._sample(2 * FEW, ctx))
            assert more == len(drawn), f"sample({FEW}) gave {len(drawn)} passages, and there are {more} at least"
            return
        assert len(drawn) == FEW, f"sample({FEW}) gave {len(drawn)} passages"
        others = (self._sample(FEW, self.context(tmp_path, seed=seed)) for seed in range(1, 6))
        assert any(other != drawn for other in others), "sample draws the same whatever ctx.seed is"

    def _sample(self, count: int, ctx: Context) -> list[Passage]:
        try:
            return self._unasked(self.make().sample(count, ctx))
        except NotImplementedError as error:
            raise SkipTest(str(error)) from None

    def test_documents_are_all_that_it_has(self, tmp_path: Path) -> None:
        source, ctx = self.make(), self.context(tmp_path)
        every = self._documents(source, ctx)
        check_same(self._documents(self.make(), ctx), every, "documents are others, or in another order, the next time")
        found = list(source.retrieve(self.given(source, ctx), ctx))
        if len(every) < MANY:
            check_known("passages", (passage.id for passage in found), (passage.id for passage in every))

    def _documents(self, source: Source, ctx: Context) -> list[Passage]:
        try:
            documents = source.documents(ctx)
            return self._unasked(islice(documents, MANY))
        except NotImplementedError as error:
            raise SkipTest(str(error)) from None

    def _unasked(self, passages: Iterable[Passage]) -> list[Passage]:
        found = self.check_passages(passages)
        assert not any(passage.hits for passage in found), "passages that were found for nothing should have no hits"
        return found
