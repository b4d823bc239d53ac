"""The live backend when the wiki fails, in every way that has been thought of."""

import threading
from itertools import pairwise
from typing import Any

import pytest

from cem_toolkit.api import CemError
from cem_toolkit.testing.serving import drip

TITLES = ["N'Djamena", "Chad", "Lake Chad"]


def gaps(wiki: Any) -> list[float]:
    times = [time for time, _, _ in wiki.asked]
    return [later - earlier for earlier, later in pairwise(times)]


@pytest.mark.parametrize("how", ["reset", "cut_short", "html"])
def test_broken_answers_are_asked_for_again(live: Any, wiki: Any, faults: Any, how: str) -> None:
    wiki.faults = [getattr(faults, how)] * 3
    assert [passage.title for passage in live.retrieve(["capital of Chad"])] == TITLES
    assert len(wiki.asked) == 6
    assert live.log == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"error": {"code": "maxlag"}}', "[" * 10**5])
def test_bodies_that_are_no_answer_are_asked_for_again(live: Any, wiki: Any, faults: Any, body: str) -> None:
    wiki.faults = [faults.reply(200, body)]
    assert [passage.title for passage in live.retrieve(["capital of Chad"])] == TITLES


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_retry_after_is_obeyed(live: Any, wiki: Any, faults: Any, code: int) -> None:
    wiki.faults = [faults.reply(code, "busy", Retry_After="120")]
    assert [passage.title for passage in live.retrieve(["capital of Chad"])] == TITLES
    assert gaps(wiki)[0] >= 120


def test_maxlag_is_waited_out(live: Any, wiki: Any, faults: Any) -> None:
    wiki.faults = [faults.api_error("maxlag", Retry_After="7")] * 2
    assert [passage.title for passage in live.retrieve(["capital of Chad"])] == TITLES
    assert min(gaps(wiki)[:2]) >= 7


def test_waits_grow_and_vary_by_the_seed(live: Any, wiki: Any, faults: Any) -> None:
    wiki.faults = [faults.reply(503)] * 5
    live.retrieve(["capital of Chad"], min_interval=0)
    waits = gaps(wiki)[:5]
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits))
    assert any(wait != 2**n for n, wait in enumerate(waits))


def test_a_storm_ends_in_one_clear_error(live: Any, wiki: Any, faults: Any) -> None:
    wiki.faults = [faults.reply(503)] * 1000
    with pytest.raises(CemError, match=rf"^wiki: nothing could be had from {wiki.url}: HTTP 503$"):
        live.retrieve(*([f"query {number}"] for number in range(50)), retries=2)
    assert len(wiki.asked) == 9
    assert "3 requests in a row failed" in live.log[-1]
    assert len(live.log) == 4


def test_what_fails_is_logged_and_the_rest_is_kept(live: Any, wiki: Any, faults: Any) -> None:
    wiki.results["Lagos"] = [1]
    wiki.faults = [faults.api_error("badvalue")]
    passages = live.retrieve(["capital of Chad"], ["Lagos"])
    assert {passage.title for passage in passages} == set(TITLES)
    assert live.log == [
        f"wiki: {wiki.url}: 2 titles failed: API error badvalue: Waiting for a database server",
    ]
    assert len(wiki.asked) == 4


def test_the_time_budget_ends_with_what_there_is(live: Any, wiki: Any) -> None:
    queries = [[f"query {number}"] for number in range(100)]
    wiki.results |= {f"query {number}": [1] for number in range(100)}
    (passage,) = live.retrieve(*queries, min_interval=10, max_seconds=400)
    assert passage.title == "Chad"
    assert len(passage.hits) == 28
    times = [time for time, _, _ in wiki.asked]
    assert times[-1] - times[0] < 400
    assert live.log == [f"wiki: {wiki.url}: stopped as max_seconds (400) is spent; not asked for: 72 searches"]


def test_the_request_budget_holds(live: Any, wiki: Any) -> None:
    wiki.results |= {f"query {number}": [1] for number in range(100)}
    assert live.retrieve(*([f"query {number}"] for number in range(100)), max_requests=8)
    assert len(wiki.asked) == 7
    assert "max_requests (8) is spent; not asked for: 96 searches" in live.log[-1]


def test_a_wait_longer_than_the_budget_is_not_begun(live: Any, wiki: Any, faults: Any, clock: Any) -> None:
    wiki.faults = [faults.reply(429, "slow down", Retry_After="86400")]
    begun = clock.now()
    with pytest.raises(CemError, match="HTTP 429"):
        live.retrieve(["capital of Chad"], max_seconds=600)
    assert clock.now() - begun < 600
    assert len(wiki.asked) == 1


def test_a_slow_drip_is_cut_off(live: Any, wiki: Any, clock: Any) -> None:
    wiki.faults = [drip(clock)]
    assert [passage.title for passage in live.retrieve(["capital of Chad"], retries=0)] == TITLES
    assert live.log == [f"wiki: {wiki.url}: 1 titles failed: no whole answer within 30 s"]


def test_no_answer_at_all(live: Any, wiki: Any) -> None:
    over = threading.Event()
    wiki.faults = [lambda handler: over.wait(10) and None] * 9
    with pytest.raises(CemError, match=r"no whole answer within 0\.2 s"):
        live.retrieve(["capital of Chad"], timeout=0.2, retries=1)
    over.set()


def test_an_answer_without_end_is_not_read(live: Any, wiki: Any, faults: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_wiki.live.http.MAX_BYTES", 1000)
    wiki.faults = [faults.reply(200, " " * 5000)] * 9
    with pytest.raises(CemError, match="longer than 1000 bytes"):
        live.retrieve(["capital of Chad"])


def test_continued_for_ever(live: Any, wiki: Any, faults: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_wiki.live.mediawiki.FURTHEST_CONTINUATION", 5)
    wiki.faults = [faults.reply(200, f'{{"continue": {{"x": {number}}}}}') for number in range(5)]
    assert [passage.title for passage in live.retrieve(["capital of Chad"])] == TITLES
    assert "continued more than 5 times" in live.log[0]


@pytest.mark.parametrize(
    "body",
    [
        '{"query": 5}',
        '{"query": {"pages": 5, "search": {"a": 1}}}',
        '{"query": {"pages": [1, {"pageid": "x"}, {}], "search": [7, {"pageid": null}]}, "continue": []}',
    ],
)
def test_answers_of_another_shape_give_nothing(live: Any, wiki: Any, faults: Any, body: str) -> None:
    wiki.faults = [faults.reply(200, body)] * 9
    assert live.retrieve(["capital of Chad"]) == []


def test_nobody_is_there(live: Any) -> None:
    with pytest.raises(CemError, match=r"nothing could be had from http://127\.0\.0\.1:9/api\.php: .+"):
        live.retrieve(["Chad"], api_url="http://127.0.0.1:9/api.php")


@pytest.mark.parametrize("url", ["http://", "http://[", "http://exa mple.org/"])
def test_an_impossible_address(live: Any, url: str) -> None:
    with pytest.raises(CemError, match="nothing could be had"):
        live.retrieve(["Chad"], api_url=url, retries=1)
