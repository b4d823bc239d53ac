"""What is found, drawn and listed. The ranking is the stand-in's BM25: tests rely on which documents come, and on an
order that any BM25 gives."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from cem_toolkit.api import CemError


def searches(front: Any) -> list[dict[str, Any]]:
    """The bodies of all searches that were asked in batches."""
    bodies = [body for _, asked, body, _ in front.asked if asked.endswith("/_msearch")]
    return [json.loads(line) for body in bodies for line in body.splitlines()[1::2]]


def test_the_best_documents_with_their_hits(desk: Any) -> None:
    passages = desk.retrieve(["capital of Chad", "Chad"], ["Norway"], top_k=2)
    assert [passage.title for passage in passages] == ["N'Djamena", "Chad", "Oslo"]
    ndjamena = passages[0]
    assert ndjamena.text == "N'Djamena is the capital and largest city of Chad."
    assert (ndjamena.source, ndjamena.revision, ndjamena.licence) == ("opensearch", "atlas/ndjamena@1", "own")
    assert [(hit.mistake_id, hit.query, round(hit.score, 2)) for hit in ndjamena.hits] == [
        ("m0", "capital of Chad", 1.0),
        ("m0", "Chad", 0.33),
    ]


def test_all_queries_of_a_round_go_in_one_request(desk: Any, front: Any) -> None:
    desk.retrieve(*([f"Chad {number}", "Oslo"] for number in range(60)))
    assert front.count("/_msearch") == 1
    assert len(searches(front)) == 61


def test_a_long_query_is_cut(desk: Any, front: Any) -> None:
    assert desk.titles(["Oslo " * 5000]) == ["Oslo"]
    assert len(searches(front)[0]["query"]["bool"]["must"][0]["multi_match"]["query"]) == 1000


def test_all_text_fields_are_searched_but_for_those_inside_of_another(desk: Any, front: Any) -> None:
    desk.retrieve(["Chad"])
    assert searches(front)[0]["query"]["bool"]["must"][0]["multi_match"]["fields"] == ["text", "title"]


@pytest.mark.parametrize("match", ["best_fields", "cross_fields", "combined_fields"])
def test_fields_with_boosts_by_every_kind_of_match(desk: Any, match: str) -> None:
    options = {"fields": ["title^9", "text"], "match": match}
    desk.source(**options).check(desk.ctx)
    assert desk.titles(["lake"], **options) == ["Lake Chad"]
    assert desk.titles(["Norway"], fields="title", match=match) == []


def test_what_the_filter_lets_through(desk: Any) -> None:
    options = {"filter": {"match": {"text": "norway"}}}
    desk.source(**options).check(desk.ctx)
    assert "atlas has 1 documents" in desk.log[0]
    assert desk.titles(["capital"], **options) == ["Oslo"]
    assert [passage.title for passage in desk.source(**options).documents(desk.ctx)] == ["Oslo"]
    assert [passage.title for passage in desk.source(**options).sample(9, desk.ctx)] == ["Oslo"]


def test_fields_of_a_document_become_those_of_a_passage(desk: Any, front: Any) -> None:
    document = {
        "title": "Fjord",
        "text": ["A fjord is", "an inlet."],
        "year": 1997,
        "meta": {"link": "https://f.example"},
    }
    front.write("atlas", [("f", document | {"meta": {"link": "https://f.example", "licence": "CC0"}})])
    notes = {"url_field": "meta.link", "revision_field": "year", "licence_field": "meta.licence"}
    (fjord,) = desk.retrieve(["fjord"], text_fields=["title", "text"], **notes)
    assert fjord.text == "Fjord\n\nA fjord is\nan inlet."
    assert (fjord.title, fjord.url, fjord.revision, fjord.licence) == ("Fjord", "https://f.example", "1997", "CC0")
    (oslo,) = desk.retrieve(["Norway"], **notes)
    assert oslo.licence == "own"
    assert desk.titles(["Norway"], title_field="") == ["oslo"]


def test_a_document_without_text_is_left_out_and_counted(desk: Any, front: Any) -> None:
    front.write("atlas", [("a", {"title": "Norway"}), ("b", {"title": "Norway \u202e", "text": "\x00 "})])
    assert desk.titles(["Norway"]) == ["Oslo"]
    assert desk.log == ["opensearch: atlas: 2 documents have no text in text"]


def test_several_indices_at_once(desk: Any, front: Any) -> None:
    front.write("wiki-a", [("oslo", {"title": "Oslo (disambiguation)", "text": "Oslo is a name."})])
    desk.source(index="atlas,wiki-*").check(desk.ctx)
    assert set(desk.titles(["Oslo"], index="atlas,wiki-*")) == {"Oslo", "Oslo (disambiguation)"}


def test_random_documents_by_the_seed(desk: Any) -> None:
    def drawn(seed: int) -> list[str]:
        return [passage.title for passage in desk.source().sample(3, replace(desk.ctx, seed=seed))]

    assert len(set(drawn(0))) == 3
    assert drawn(0) == drawn(0)
    assert len({tuple(drawn(seed)) for seed in range(8)}) > 1
    assert len(list(desk.source().sample(100, desk.ctx))) == 4
    assert list(desk.source().sample(0, desk.ctx)) == []


def test_more_random_documents_than_one_answer_holds(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_opensearch.engine.DRAWN_AT_ONCE", 2)
    assert len({passage.title for passage in desk.source().sample(3, desk.ctx)}) == 3


def test_all_documents_in_pages_though_indices_share_sequence_numbers(
    desk: Any, front: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_opensearch.engine.LISTED_AT_ONCE", 2)
    for index in "xyz":
        front.write(f"more-{index}", [(f"{index}{n}", {"title": f"{index}{n}", "text": "more"}) for n in range(5)])
    source = desk.source(index="atlas,more-*")
    listed = [passage.title for passage in source.documents(desk.ctx)]
    assert len(listed) == len(set(listed)) == 19
    assert listed == [passage.title for passage in source.documents(desk.ctx)]
    assert all(not passage.hits for passage in source.documents(desk.ctx))


def test_the_fingerprint_is_that_of_what_is_there(desk: Any, front: Any) -> None:
    def fingerprint(**options: Any) -> str:
        return str(desk.source(**options).fingerprint(desk.ctx))

    first = fingerprint()
    assert fingerprint(url=["http://127.0.0.1:9", front.url]) == first
    front.write("atlas", [("oslo", {"title": "Oslo", "text": "Oslo was called Christiania."})])
    changed = fingerprint()
    assert changed != first
    front.http.delete(f"{front.engine}/atlas/_doc/oslo").raise_for_status()
    assert fingerprint() not in (first, changed)


def test_an_index_made_anew_has_another_fingerprint(desk: Any, front: Any) -> None:
    def make() -> str:
        front.write("new", [("a", {"title": "A", "text": "a"})])
        return str(desk.source(index="new").fingerprint(desk.ctx))

    first = make()
    front.put("DELETE", "/new")
    assert make() != first


@pytest.mark.parametrize("elasticsearch", [False, True], ids=["OpenSearch 3.8.0", "Elasticsearch 9.1.0"])
def test_check_says_what_is_there(desk: Any, front: Any, elasticsearch: bool) -> None:
    front.elasticsearch = elasticsearch
    desk.source().check(desk.ctx)
    name = "Elasticsearch 9.1.0" if elasticsearch else "OpenSearch 3.8.0"
    assert desk.log == [f"opensearch: {name} at {front.url}: atlas has 4 documents"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"index": "atlsa"}, r"^opensearch: index: http://[^ ]+ has no index 'atlsa' \(HTTP 404: .+no such index"),
        ({"fields": "titel"}, r"^opensearch: fields: atlas has no field 'titel'; did you mean 'title'\?$"),
        ({"fields": ["x*"]}, r"^opensearch: fields: atlas has no field 'x\*'; it has: meta.licence, meta.link, .+"),
        ({"text_fields": "body"}, r"^opensearch: text_fields: atlas has no field 'body'; it has: .+"),
        ({"text_fields": "meta"}, r"^opensearch: text_fields: atlas has no field 'meta'; "),
        ({"title_field": "headline"}, r"title_field: atlas has no field 'headline'; .+ \(or set it to ''\)$"),
        ({"licence_field": "meta.license"}, r"licence_field: .+; did you mean 'meta.licence'\?$"),
        ({"filter": {"wrong": {}}}, r"^opensearch: http://[^ ]+ refuses to search atlas: HTTP 400: .*\[wrong\]"),
        (
            {"filter": {"match": {"text": "xyzzy"}}},
            r"^opensearch: atlas has no documents that the filter lets through$",
        ),
    ],
)
def test_check_says_in_one_line_what_is_wrong(desk: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CemError, match=message) as caught:
        desk.source(**options).check(desk.ctx)
    assert "\n" not in str(caught.value)


def test_fields_by_wildcard(desk: Any) -> None:
    desk.source(fields=["ti*"]).check(desk.ctx)
    assert desk.titles(["lake"], fields=["ti*^2"]) == ["Lake Chad"]


@pytest.mark.parametrize(
    "options",
    [
        {"index": ""},
        {"index": "a/_delete_by_query?x"},
        {"url": []},
        {"url": "ftp://x"},
        {"url": "http://x/?q=1"},
        {"fields": "title^much"},
        {"text_fields": []},
        {"api_key_env": "A B"},
        {"username_env": "NAME"},
        {"api_key_env": "KEY", "username_env": "NAME", "password_env": "WORD"},
    ],
)
def test_options_that_make_no_sense(desk: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        desk.source(**options)
