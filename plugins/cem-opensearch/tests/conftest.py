"""An engine on this machine: `osmem-server`, an in-memory stand-in for OpenSearch 3.8 by another author, behind a front
that asks for a password, fails as it is told, and can speak as Elasticsearch does. And a clock that nobody waits for.

The front adds what the stand-in lacks: the order by `_seq_no`, which both engines keep for sorting (their
`SeqNoFieldMapper`), and the answers of their security layers.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from cem_opensearch.source import OpenSearch
from cem_toolkit.api import Context, Mistake, Passage
from cem_toolkit.searching.polite import Clock
from cem_toolkit.testing import make_clock, make_context, serving
from cem_toolkit.testing.serving import Answer

DOCUMENTS = [
    ("chad", "Chad", "Chad is a landlocked country. Its capital is N'Djamena."),
    ("ndjamena", "N'Djamena", "N'Djamena is the capital and largest city of Chad."),
    ("lake", "Lake Chad", "Lake Chad is a lake."),
    ("oslo", "Oslo", "Oslo is the capital of Norway."),
]
MAPPING = {
    "properties": {
        "title": {"type": "text", "fields": {"english": {"type": "text", "analyzer": "english"}}},
        "text": {"type": "text"},
        "meta": {"properties": {"link": {"type": "keyword"}, "licence": {"type": "keyword"}}},
        "year": {"type": "integer"},
        "notes": {"type": "nested", "properties": {"remark": {"type": "text"}}},
    }
}


@dataclass
class Front:
    """What the source talks to. `faults` are used up one a request, then answers are right again; `refused` are numbers
    of searches in a `_msearch` that the engine has no room for, once. `asked` holds (time, method and path, body,
    headers)."""

    engine: str
    clock: Clock
    url: str = ""
    elasticsearch: bool = False
    authorization: str = ""
    forbidden: tuple[str, ...] = ()
    faults: list[Answer] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    asked: list[tuple[float, str, str, dict[str, str]]] = field(default_factory=list)
    http: httpx2.Client = field(default_factory=httpx2.Client)

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
        path = urlsplit(handler.path).path
        self.asked.append((self.clock.now(), f"{handler.command} {path}", body, dict(handler.headers)))
        if self.faults:
            self.faults.pop(0)(handler)
        elif self.authorization not in ("", handler.headers.get("Authorization")):
            self._not_signed_in(handler)
        elif path in self.forbidden or path.rpartition("/")[2] in self.forbidden:
            reason = "no permissions for [indices:data/read] and User [name=guest]"
            reply(403, json.dumps(an_error("security_exception", reason, 403)))(handler)
        else:
            status, answer = self.forward(handler.command, handler.path, body)
            reply(status, json.dumps(answer))(handler)

    def _not_signed_in(self, handler: BaseHTTPRequestHandler) -> None:
        """OpenSearch's security plugin answers in plain text, Elasticsearch in JSON."""
        if not self.elasticsearch:
            return reply(401, "Unauthorized", Content_Type="text/plain")(handler)
        reason = "missing authentication credentials for REST request [/]"
        return reply(401, json.dumps(an_error("security_exception", reason, 401)))(handler)

    def forward(self, method: str, path: str, body: str) -> tuple[int, Any]:
        bodies = [json.loads(line) for line in body.splitlines()]
        sent = "".join(json.dumps(without_sequence(one)) + "\n" for one in bodies)
        kind = {"Content-Type": "application/x-ndjson" if "_msearch" in path or "_bulk" in path else "application/json"}
        given = self.http.request(method, self.engine + path, content=sent or None, headers=kind if sent else {})
        answer = given.json()
        if "_msearch" in path:
            for number, (asked, one) in enumerate(zip(bodies[1::2], answer.get("responses", ()), strict=False)):
                by_sequence(asked, one)
                if number in self.refused:
                    answer["responses"][number] = an_error("rejected_execution_exception", "queue is full", 429)
            self.refused.clear()
        elif "_search" in path and bodies:
            by_sequence(bodies[0], answer)
        if self.elasticsearch and path == "/":
            answer["version"] = {"number": "9.1.0", "build_flavor": "default"}
            answer["tagline"] = "You Know, for Search"
        return given.status_code, answer

    def put(self, method: str, path: str, body: Any = None) -> Any:
        """Straight to the engine, to change what it holds."""
        kind = {"Content-Type": "application/json"}
        content = body if isinstance(body, str) else None if body is None else json.dumps(body)
        given = self.http.request(method, self.engine + path, content=content, headers=kind)
        given.raise_for_status()
        return given.json()

    def write(self, index: str, documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
        lines = "".join(
            json.dumps({"index": {"_id": name}}) + f"\n{json.dumps(source)}\n" for name, source in documents
        )
        assert not self.put("POST", f"/{index}/_bulk", lines)["errors"]

    def count(self, what: str) -> int:
        return sum(what in asked for _, asked, _, _ in self.asked)


def an_error(kind: str, reason: str, status: int) -> dict[str, Any]:
    return {
        "error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason},
        "status": status,
    }


def without_sequence(body: dict[str, Any]) -> dict[str, Any]:
    """The stand-in cannot sort by `_seq_no` and go on from there, as both engines can: `by_sequence` does it."""
    if "_seq_no" not in json.dumps(body.get("sort", [])):
        return body
    kept = {name: value for name, value in body.items() if name != "search_after"}
    return kept | {"sort": [{"_score": "desc"}], "size": 10_000, "seq_no_primary_term": True}


def by_sequence(asked: dict[str, Any], answer: dict[str, Any]) -> None:
    sort = json.dumps(asked.get("sort", []))
    if "_seq_no" in sort and "hits" in answer:
        scored = "_score" in sort
        after = asked.get("search_after", [-1])[0]
        hits = [hit for hit in answer["hits"]["hits"] if hit["_seq_no"] > after]
        hits.sort(key=lambda hit: (-hit["_score"] if scored else 0, hit["_seq_no"], hit["_index"]))
        answer["hits"]["hits"] = hits[: asked["size"]]


def reply(status: int, body: str = "", **headers: str) -> Answer:
    return serving.reply(status, body, **{"Content_Type": "application/json", **headers})


@dataclass
class Faults:
    """Ways to fail, for `Front.faults`."""

    reply = staticmethod(reply)
    reset = staticmethod(serving.reset)
    cut_short = staticmethod(serving.cut_short('{"responses": [{'))
    html = staticmethod(reply(200, "<!DOCTYPE html><title>Sign in to the proxy</title>"))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = make_clock()
    monkeypatch.setattr("cem_toolkit.searching.polite.Clock", lambda: clock)
    return clock


@pytest.fixture(scope="session")
def stand_in() -> Iterator[Any]:
    """One process for all tests; each works in a copy of its own."""
    server = pytest.importorskip("osmem_server").OsmemServer.start(japanese=False)
    lines = "".join(
        json.dumps({"index": {"_id": name}})
        + "\n"
        + json.dumps({"title": title, "text": text, "meta": {"link": f"https://atlas.example/{name}"}, "year": 2026})
        + "\n"
        for name, title, text in DOCUMENTS
    )
    headers = {"Content-Type": "application/json"}
    httpx2.put(f"{server.url}/atlas", json={"mappings": MAPPING}).raise_for_status()
    httpx2.post(f"{server.url}/atlas/_bulk", content=lines, headers=headers).raise_for_status()
    yield server
    server.close()


@pytest.fixture
def front(stand_in: Any, clock: Clock) -> Iterator[Front]:
    with stand_in.clone() as copy, httpx2.Client() as client:
        front = Front(copy.url, clock, http=client)
        with serving.serve(front.respond) as port:
            front.url = f"http://127.0.0.1:{port}"
            yield front


def make_mistakes(*queries: Sequence[str]) -> list[Mistake]:
    return [
        Mistake(id=f"m{n}", attempt_id=f"q{n}", task="t", kind="knowledge", question="?", queries=tuple(these))
        for n, these in enumerate(queries)
    ]


@dataclass
class Desk:
    """Works with the source by given options, and keeps what was logged."""

    folder: Path
    defaults: dict[str, Any]
    log: list[str] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        return make_context(self.folder, log=self.log.append)

    def source(self, **options: Any) -> OpenSearch:
        return OpenSearch(OpenSearch.Options.model_validate(self.defaults | options))

    def retrieve(self, *queries: Sequence[str], **options: Any) -> list[Passage]:
        return list(self.source(**options).retrieve(make_mistakes(*queries), self.ctx))

    def titles(self, *queries: Sequence[str], **options: Any) -> list[str]:
        return [passage.title for passage in self.retrieve(*queries, **options)]


@pytest.fixture
def desk(tmp_path: Path, front: Front) -> Desk:
    return Desk(tmp_path, {"url": front.url, "index": "atlas", "licence": "own"})


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
