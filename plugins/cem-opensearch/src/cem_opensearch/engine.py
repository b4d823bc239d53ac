"""What this source asks of OpenSearch and Elasticsearch: the part of the REST API that both share.

https://docs.opensearch.org/latest/api-reference/ and https://www.elastic.co/docs/api/doc/elasticsearch/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cem_opensearch.answers import Hit, is_passing, name_of, read_hits, read_search, sequence_number
from cem_opensearch.failures import read_reason
from cem_opensearch.fields import Types
from cem_opensearch.http import Http
from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.searching.polite import PassingError, Patience, RequestError

Query = Mapping[str, Any]

STEADY = {"preference": "cem-toolkit", "allow_partial_search_results": False}
"""The same copies of the shards are asked each time, for another copy may count deleted documents and so score
otherwise; and a shard that cannot be had is an error, not an answer without it."""
WHOLE = {name: str(value).lower() for name, value in STEADY.items()}
"""The same as parameters of an address."""
MOST_INDICES = 1000
LISTED_AT_ONCE = 500
DRAWN_AT_ONCE = 10_000
"""The engines' own limit of hits in one answer (`index.max_result_window`)."""


class Engine:
    """One index, or several that are searched together. All methods raise RequestErrors."""

    def __init__(self, http: Http, patience: Patience, options: OpenSearchOptions) -> None:
        self._http = http
        self._patience = patience
        self._options = options
        self._index = "/" + quote(options.index, safe="*,:+")
        self._filter = [options.filter] if options.filter else []

    def close(self) -> None:
        self._http.close()

    def about(self) -> tuple[str, str]:
        """Name with version, and the cluster's id."""
        answer = self._ask("GET", "/")
        version = answer.get("version")
        version = version if isinstance(version, dict) else {}
        name = "OpenSearch" if version.get("distribution") == "opensearch" else "Elasticsearch"
        return f"{name} {str(version.get('number', '(unknown version)'))[:40]}", str(answer.get("cluster_uuid", ""))

    def field_types(self) -> Types:
        fields = self._ask("GET", f"{self._index}/_field_caps", params={"fields": "*"}).get("fields")
        if not isinstance(fields, dict):
            raise RequestError("the answer names no fields")
        return {name: frozenset(types) for name, types in fields.items() if isinstance(types, dict) and name[:1] != "_"}

    def uuids(self) -> list[str]:
        """The ids of the indices: one that is made anew under its old name has another."""
        answer = self._ask("GET", f"{self._index}/_settings/index.uuid", params={"flat_settings": "true"})
        found = (index.get("settings") for index in answer.values() if isinstance(index, dict))
        return sorted(str(settings.get("index.uuid")) for settings in found if isinstance(settings, dict))

    def census(self) -> tuple[int, list[str]]:
        """How many documents the filter lets through, and for every index a line of figures that changes with them.

        Every change gives a document a new sequence number, higher than all before it in its shard.
        """
        statistics = {"numbers": {"extended_stats": {"field": "_seq_no"}}}
        indices = {"indices": {"terms": {"field": "_index", "size": MOST_INDICES}, "aggs": statistics}}
        body = {"query": self._matching(), "size": 0, "track_total_hits": True, "aggs": indices}
        answer = self._search(body)
        try:
            total = int(answer["hits"]["total"]["value"])
            buckets = answer["aggregations"]["indices"]["buckets"]
            lines = [
                " ".join(str(bucket["numbers"][figure]) for figure in ("count", "max", "sum", "sum_of_squares"))
                for bucket in sorted(buckets, key=lambda bucket: str(bucket["key"]))
            ]
        except (KeyError, TypeError, ValueError):
            raise RequestError("the answer counts no documents") from None
        return total, lines

    def search_all(self, queries: Sequence[str], fields: Sequence[str], size: int) -> "list[list[Hit] | RequestError]":
        """For each query the documents that it finds, best first, or why it could not be asked.

        All are asked in one request. Those that the engine has no room for at that moment are asked again.
        """
        answers: dict[int, list[Hit] | RequestError] = {}

        def attempt() -> None:
            left = [number for number in range(len(queries)) if number not in answers]
            bodies = (self._search_body(queries[number], fields, size) for number in left)
            lines = [line for body in bodies for line in (STEADY, body)]
            given = self._http.ask("POST", f"{self._index}/_msearch", lines=lines).get("responses")
            if not isinstance(given, list) or len(given) != len(left):
                raise RequestError("the answer does not fit what was asked")
            refused = [(number, answer) for number, answer in zip(left, given, strict=True) if is_passing(answer)]
            answers.update(
                (number, read_search(answer))
                for number, answer in zip(left, given, strict=True)
                if not is_passing(answer)
            )
            if refused:
                raise PassingError(f"HTTP {refused[0][1]['status']}: {read_reason(refused[0][1])}")

        try:
            self._patience.ask(attempt)
        except RequestError as error:
            if not answers:
                raise
            answers |= {number: error for number in range(len(queries)) if number not in answers}
        return [answers[number] for number in range(len(queries))]

    def read(self, documents: Sequence[tuple[str, str]], fields: Sequence[str]) -> list[Hit]:
        """`fields` of the documents, each an index and an id, in any order, less those that are gone."""
        by_index: dict[str, list[str]] = {}
        for index, identity in documents:
            by_index.setdefault(index, []).append(identity)
        these = [
            {"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}}
            for index, ids in by_index.items()
        ]
        query = {"bool": {"should": these, "minimum_should_match": 1}}
        return read_hits(self._search({"query": query, "size": len(documents), **_reading(fields)}))

    def draw(self, count: int, seed: int) -> list[Hit]:
        """`count` documents by the seed, fewer where there are fewer; the same as long as the index is."""
        drawn: dict[tuple[str, str], Hit] = {}
        while len(drawn) < count:
            chance = {"random_score": {"seed": seed, "field": "_seq_no"}}
            query = {"function_score": {"query": self._matching(), "functions": [chance], "boost_mode": "replace"}}
            size = min(count, DRAWN_AT_ONCE)
            hits = read_hits(self._search({"query": query, "size": size, "_source": False, "track_total_hits": False}))
            before = len(drawn)
            drawn |= {name_of(hit): hit for hit in hits if name_of(hit) not in drawn}
            if len(drawn) == before or len(hits) < size:
                break
            seed += 1
        return list(drawn.values())[:count]

    def list_all(self, fields: Sequence[str]) -> Iterator[Hit]:
        """`fields` of all documents, in the order in which they were last changed.

        Pages follow each other by sequence number, which is unique in a shard alone: each page begins with the last
        number of the one before, and leaves out what was seen of it (one document of each shard at most). So any page
        can be asked for again, and the engine holds nothing open, as it must for a scroll or a point in time.
        """
        last, seen = -1, set[tuple[str, str]]()
        while True:
            after = {"search_after": [last - 1]} if seen else {}
            size = LISTED_AT_ONCE + len(seen)
            order = {"sort": [{"_seq_no": "asc"}], **after}
            body = {"query": self._matching(), "size": size, **order, **_reading(fields)}
            fresh = [hit for hit in read_hits(self._search(body)) if name_of(hit) not in seen]
            if not fresh:
                return
            yield from fresh
            newest = sequence_number(fresh[-1])
            here = {name_of(hit) for hit in fresh if sequence_number(hit) == newest}
            last, seen = newest, here | (seen if newest == last else set())

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return self._patience.ask(lambda: self._http.ask(method, path, **request))

    def _search(self, body: Query) -> dict[str, Any]:
        return self._ask("POST", f"{self._index}/_search", params=WHOLE, body=body)

    def _matching(self) -> Query:
        return {"bool": {"filter": self._filter}} if self._filter else {"match_all": {}}

    def _search_body(self, query: str, fields: Sequence[str], size: int) -> Query:
        if self._options.match == "combined_fields":
            match: Query = {"combined_fields": {"query": query, "fields": list(fields)}}
        else:
            match = {"multi_match": {"query": query, "fields": list(fields), "type": self._options.match}}
        return {
            "query": {"bool": {"must": [match], "filter": self._filter}},
            "size": size,
            "_source": False,
            "track_total_hits": False,
            "sort": [{"_score": "desc"}, {"_seq_no": "asc"}],
        }


def _reading(fields: Sequence[str]) -> Mapping[str, Any]:
    return {"fields": list(fields), "_source": False, "seq_no_primary_term": True, "track_total_hits": False}
