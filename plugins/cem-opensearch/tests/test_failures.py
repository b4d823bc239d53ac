"""The source when the engine fails, in every way that has been thought of."""

import json
import threading
from itertools import pairwise
from typing import Any

import pytest

from cem_opensearch.failures import read_reason
from cem_toolkit.api import CemError
from cem_toolkit.testing.serving import drip


def gaps(front: Any) -> list[float]:
    times = [time for time, *_ in front.asked]
    return [later - earlier for earlier, later in pairwise(times)]


@pytest.mark.parametrize("how", ["reset", "cut_short", "html"])
def test_broken_answers_are_asked_for_again(desk: Any, front: Any, faults: Any, how: str) -> None:
    front.faults = [getattr(faults, how)] * 3
    assert desk.titles(["Norway"]) == ["Oslo"]
    assert len(front.asked) == 6
    assert desk.log == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "7", "[" * 10**5])
def test_bodies_that_are_no_answer_are_asked_for_again(desk: Any, front: Any, faults: Any, body: str) -> None:
    front.faults = [faults.reply(200, body)]
    assert desk.titles(["Norway"]) == ["Oslo"]


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_retry_after_is_obeyed(desk: Any, front: Any, faults: Any, code: int) -> None:
    front.faults = [faults.reply(code, "busy", Retry_After="120")]
    assert desk.titles(["Norway"]) == ["Oslo"]
    assert gaps(front)[0] >= 120


def test_waits_grow_and_vary_by_the_seed(desk: Any, front: Any, faults: Any) -> None:
    front.faults = [faults.reply(503)] * 5
    desk.retrieve(["Norway"])
    waits = gaps(front)[:5]
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits))
    assert any(wait != 2**n for n, wait in enumerate(waits))


def test_only_searches_without_room_are_asked_again(desk: Any, front: Any) -> None:
    front.refused = [1]
    assert set(desk.titles(["Norway"], ["lake"])) == {"Oslo", "Lake Chad"}
    first, second = (body.splitlines()[1::2] for _, asked, body, _ in front.asked if asked.endswith("/_msearch"))
    assert (len(first), len(second)) == (2, 1)
    assert second[0] == first[1]


def test_a_storm_ends_in_one_clear_error(desk: Any, front: Any, faults: Any) -> None:
    front.faults = [faults.reply(503, json.dumps({"error": {"type": "master_not_discovered_exception"}}))] * 1000
    with pytest.raises(
        CemError, match=rf"^opensearch: atlas: nothing could be had from {front.url}: HTTP 503: master_not_discovered"
    ):
        desk.retrieve(*([f"query {number}"] for number in range(500)), retries=2)
    assert len(front.asked) == 9
    assert desk.log[-1] == "opensearch: atlas: stopped as 3 requests in a row failed; not asked for: 308 searches"


def test_one_bad_search_does_not_take_the_others(desk: Any, front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = front.forward

    def spoil(method: str, path: str, body: str) -> tuple[int, Any]:
        status, given = answer(method, path, body)
        if "_msearch" in path:
            given["responses"][0] = {
                "error": {"type": "x_content_parse_exception", "reason": "\x1b[1mno\n"},
                "status": 400,
            }
        return status, given

    monkeypatch.setattr(front, "forward", spoil)
    assert desk.titles(["lake"], ["Norway"]) == ["Oslo"]
    assert desk.log == ["opensearch: atlas: 1 searches failed: HTTP 400: x_content_parse_exception: [1mno"]


def test_the_time_budget_ends_with_what_there_is(
    desk: Any, front: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_opensearch.backend.SEARCHED_AT_ONCE", 1)
    answer = front.forward
    monkeypatch.setattr(front, "forward", lambda *request: (clock.sleep(10), answer(*request))[1])
    monkeypatch.setattr("cem_opensearch.backend.IndexBackend.at_once", 1)
    assert "Oslo" in desk.titles(["Norway"], *([f"query {number}"] for number in range(9)), max_seconds=60)
    assert desk.log == ["opensearch: atlas: stopped as max_seconds (60) is spent; not asked for: 6 searches"]


def test_the_request_budget_holds(desk: Any, front: Any, faults: Any) -> None:
    front.faults = [faults.reply(503)] * 9
    with pytest.raises(CemError, match=r"max_requests \(3\) is spent"):
        desk.retrieve(["Norway"], max_requests=3)
    assert len(front.asked) == 3


def test_a_wait_longer_than_the_budget_is_not_begun(desk: Any, front: Any, faults: Any, clock: Any) -> None:
    front.faults = [faults.reply(429, "slow down", Retry_After="86400")]
    begun = clock.now()
    with pytest.raises(CemError, match="HTTP 429"):
        desk.retrieve(["Norway"], max_seconds=600)
    assert clock.now() - begun < 600
    assert len(front.asked) == 1


def test_another_host_takes_over(desk: Any, front: Any) -> None:
    assert desk.titles(["Norway"], url=["http://127.0.0.1:9", front.url], retries=1) == ["Oslo"]


def test_nobody_is_there(desk: Any) -> None:
    with pytest.raises(CemError, match=r"^opensearch: http://127\.0\.0\.1:9 cannot be asked: .+ \(is it running, and "):
        desk.source(url="http://127.0.0.1:9").check(desk.ctx)
    with pytest.raises(CemError, match=r"nothing could be had from http://127\.0\.0\.1:9: .+"):
        desk.retrieve(["Norway"], url="http://127.0.0.1:9")


def test_no_answer_at_all(desk: Any, front: Any) -> None:
    over = threading.Event()
    front.faults = [lambda handler: over.wait(10) and None] * 9
    with pytest.raises(CemError, match=r"no whole answer within 0\.2 s"):
        desk.source(timeout=0.2, retries=0).check(desk.ctx)
    over.set()


def test_a_slow_drip_is_cut_off(desk: Any, front: Any, clock: Any) -> None:
    front.faults = [drip(clock)]
    with pytest.raises(CemError, match="no whole answer within 30 s"):
        desk.source(retries=0).check(desk.ctx)


def test_an_answer_without_end_is_not_read(desk: Any, front: Any, faults: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_opensearch.http.MAX_BYTES", 1000)
    front.faults = [faults.reply(200, " " * 5000)]
    with pytest.raises(CemError, match="longer than 1000 bytes"):
        desk.source().check(desk.ctx)


STRANGE: list[Any] = [
    {"fields": 5, "responses": 5, "hits": 5},
    {"fields": {"title": {"text": {}}, "text": 7}, "responses": [], "hits": {"hits": 5, "total": None}},
    {
        "fields": {"text": {"text": {}}},
        "responses": [7],
        "hits": {"hits": [7, {"_id": 1, "fields": []}, {"fields": {"text": [{}]}}]},
    },
    {"fields": {"text": {"text": {}}}, "responses": [{"error": 7, "status": "x"}], "aggregations": []},
    {"fields": {"text": {"text": {}}}, "responses": [{"hits": {"hits": [{}, None]}}], "version": [], "hits": {}},
]


@pytest.mark.parametrize("answer", STRANGE, ids=range(len(STRANGE)))
def test_answers_of_another_shape_are_no_reason_to_crash(desk: Any, front: Any, faults: Any, answer: Any) -> None:
    def all_strange() -> None:
        front.faults = [faults.reply(200, json.dumps(answer))] * 20

    for what in (
        lambda source: list(source.sample(2, desk.ctx)),
        lambda source: list(source.documents(desk.ctx)),
        lambda source: source.check(desk.ctx),
        lambda source: source.fingerprint(desk.ctx),
        lambda source: desk.retrieve(["Norway"]),
    ):
        all_strange()
        try:
            assert not what(desk.source())
        except CemError as error:
            assert str(error).startswith("opensearch: ")
            assert "\n" not in str(error)


def test_a_list_that_breaks_off_is_an_error(
    desk: Any, front: Any, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_opensearch.engine.LISTED_AT_ONCE", 2)
    listing = desk.source(retries=0).documents(desk.ctx)
    assert next(iter(listing)).title == "Chad"
    front.faults = [faults.reply(500)]
    with pytest.raises(CemError, match=r"^opensearch: atlas: its documents cannot be listed: HTTP 500$"):
        list(listing)


def test_the_root_cause_is_told_in_one_printable_line() -> None:
    deep = {"type": "search_phase_execution_exception", "reason": "all shards failed"}
    cause = {"type": "query_shard_exception", "reason": "failed\nto \x1b[31mparse" + "x" * 999}
    assert read_reason({"error": {**deep, "root_cause": [cause]}}).startswith(
        "query_shard_exception: failed to [31mparsexx"
    )
    assert len(read_reason({"error": {**deep, "root_cause": [cause]}})) == 200
    assert read_reason({"error": {**deep, "root_cause": []}}) == "search_phase_execution_exception: all shards failed"
    assert read_reason({"error": "no handler found for uri [/x]"}) == "no handler found for uri [/x]"
    assert [read_reason(answer) for answer in (None, 5, {}, {"error": 7}, {"error": None})] == [""] * 5
