"""Public engines by ddgs. They cannot be asked offline: its class is replaced at this one seam."""

from typing import Any

import ddgs
import pytest
from ddgs.exceptions import DDGSException, RatelimitException

from cem_toolkit.api import CemError

CHAD = "Chad is a landlocked country in Central Africa, and its capital is the city of N'Djamena on the Chari."


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, web: Any) -> list[Any]:
    """Answers, used up one a search; what was asked is appended behind them as (query, options)."""
    answers: list[Any] = []

    class Fake:
        def __init__(self, **options: Any) -> None:
            self.options = options

        def text(self, query: str, **options: Any) -> list[dict[str, str]]:
            answer = answers.pop(0)
            answers.append((query, options))
            if isinstance(answer, Exception):
                raise answer
            return [{"href": web.url(place), "title": "", "body": ""} for place in answer]

    monkeypatch.setattr(ddgs, "DDGS", Fake)
    web.pages["a.test/chad"] = web.reply(web.article(CHAD, CHAD.lower()))
    return answers


def test_options_reach_the_library(desk: Any, engines: list[Any]) -> None:
    engines.append(["a.test/chad"])
    pages = desk.retrieve(["Chad"], endpoint="", engines="mojeek, brave", region="de-de", safesearch="off", per_query=7)
    assert [page.title for page in pages] == ["Chad"]
    options = {"region": "de-de", "safesearch": "off", "backend": "mojeek, brave", "max_results": 7}
    assert engines == [("Chad", options)]
    assert (
        desk.retrieve(["Chad"], endpoint="", engines="mojeek, brave", region="de-de", safesearch="off", per_query=7)
        == pages
    )
    assert len(engines) == 1, "the second time the cache answers"


def test_nothing_found_is_no_failure(desk: Any, engines: list[Any]) -> None:
    engines.append(DDGSException("No results found."))
    assert desk.retrieve(["Chad"], endpoint="") == []
    assert desk.log == []


def test_failures_are_tried_again_and_told(desk: Any, engines: list[Any]) -> None:
    engines += [RatelimitException("slow down"), ["a.test/chad"]]
    assert [page.title for page in desk.retrieve(["Chad"], endpoint="")] == ["Chad"]
    engines[:] = [DDGSException("blocked")] * 3
    with pytest.raises(CemError, match=r"^search: nothing could be had: search failed: ddgs: blocked"):
        desk.retrieve(["Niger"], endpoint="")


def test_engines_that_do_not_exist_are_named_before_anything_is_done(desk: Any) -> None:
    desk.source(endpoint="", engines="auto").check(desk.ctx)
    desk.source(endpoint="", engines="duckduckgo, mojeek").check(desk.ctx)
    with pytest.raises(CemError, match=r"no text engine 'altavista', only: .*duckduckgo"):
        desk.source(endpoint="", engines="mojeek,altavista").check(desk.ctx)
    desk.source(engines="altavista").check(desk.ctx)


def test_who_names_no_contact_is_reminded(desk: Any) -> None:
    desk.source(contact="").check(desk.ctx)
    assert desk.log == ["search: set the option contact: sites may refuse clients that name nobody to write to"]
