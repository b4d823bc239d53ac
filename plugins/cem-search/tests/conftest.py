"""A small web on this machine, whose hosts misbehave as they are told, and a clock that nobody waits for."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cem_search.fetching.fetcher import Fetcher
from cem_search.fetching.manners import Manners
from cem_search.fetching.private import Private
from cem_search.fetching.reach import Reach
from cem_search.options import WebSearchOptions
from cem_search.reading.reader import Reader
from cem_search.source import Search
from cem_toolkit.api import Context, Mistake, Passage
from cem_toolkit.searching.polite import Clock
from cem_toolkit.testing import make_clock, make_context, serving
from cem_toolkit.testing.serving import Answer


def reply(body: str | bytes = "", status: int = 200, type: str = "text/html; charset=utf-8", **headers: str) -> Answer:
    """An answer; underscores in the names of headers are hyphens there, and an empty value leaves a header off."""
    return serving.reply(status, body, **{"Content_Type": type, **headers})


def article(*paragraphs: str, title: str = "Chad", head: str = "", lang: str = "en") -> str:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    html = f'<html lang="{lang}"><head><title>{title}</title>{head}</head>'
    return f"<!DOCTYPE html>{html}<body><article><h1>{title}</h1>{body}</article></body></html>"


@dataclass
class FakeWeb:
    """`pages` are replies by host and path; `robots` by host. `asked` holds (time, host, path, headers), robots.txt
    left out; `asked_robots` the hosts whose rules were asked for. `names` are the addresses of hosts; others are here.
    """

    clock: Clock
    port: int = 0
    pages: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    robots: dict[str, Answer] = field(default_factory=dict)
    results: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[tuple[float, str, str, dict[str, str]]] = field(default_factory=list)
    asked_robots: list[str] = field(default_factory=list)

    reply = staticmethod(reply)
    article = staticmethod(article)

    def url(self, place: str) -> str:
        host, _, path = place.partition("/")
        return f"http://{host}:{self.port}/{path}"

    def paths(self) -> list[str]:
        return [host + path for _, host, path, _ in self.asked]

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Several answers are given one after the other, as a name server may."""
        known = self.names.get(host, [["127.0.0.1"]])
        return known.pop(0) if len(known) > 1 else known[0]

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        host = handler.headers["Host"].rpartition(":")[0]
        if handler.path == "/robots.txt":
            self.asked_robots.append(host)
            self.robots.get(host, reply(status=404))(handler)
            return
        self.asked.append((self.clock.now(), host, handler.path, dict(handler.headers)))
        if host == "engine.test" and f"engine.test{handler.path}" not in self.pages:
            query = parse_qs(urlsplit(handler.path).query)["q"][0]
            found = [{"url": self.url(place) if ":" not in place else place} for place in self.results.get(query, [])]
            reply(json.dumps({"query": query, "results": found}), type="application/json")(handler)
            return
        known = self.pages.get(host + handler.path, reply("gone", 404))
        (known.pop(0) if isinstance(known, list) else known)(handler)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = make_clock()
    monkeypatch.setattr("cem_toolkit.searching.polite.Clock", lambda: clock)
    return clock


@pytest.fixture(scope="session")
def server() -> Iterator[SimpleNamespace]:
    """One server for all tests, at `port`; each puts its own `web` behind it."""
    server = SimpleNamespace(web=None)

    def respond(handler: BaseHTTPRequestHandler) -> None:
        server.web.respond(handler)

    with serving.serve(respond) as server.port:
        yield server


@pytest.fixture
def web(clock: Clock, server: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> FakeWeb:
    web = server.web = FakeWeb(clock, server.port)
    monkeypatch.setattr("cem_search.fetching.reach.resolve", web.resolve)
    return web


@dataclass
class Fetch:
    """Fetches with given limits; hosts below `.test` are admitted to this machine at the web's port."""

    web: FakeWeb
    admitted: tuple[str, ...] = ("a.test", "b.test", "c.test")
    limits: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    manners: dict[str, Any] = field(default_factory=dict)

    def make(self) -> Fetcher:
        clock: Any = self.web.clock
        private = Private([f"{host}:{self.web.port}" for host in self.admitted])
        manners = {"min_interval": 1.0, "retries": 2, "max_seconds": 1000.0, "seed": 0} | self.manners
        limits = {"timeout": 30.0, "max_bytes": 100_000} | self.limits
        return Fetcher(Reach(private=private, **self.rules), Manners(clock=clock, **manners), clock, **limits)

    def __call__(self, place: str) -> bytes:
        fetcher = self.make()
        try:
            return fetcher.fetch(place if "//" in place else self.web.url(place)).body
        finally:
            fetcher.close()


@pytest.fixture
def fetch(web: FakeWeb) -> Fetch:
    return Fetch(web)


@pytest.fixture
def packed() -> Callable[[bytes], bytes]:
    return gzip.compress


@dataclass
class Desk:
    """Retrieves from the web, with given options, in one folder, and keeps what was logged."""

    folder: Path
    web: FakeWeb
    log: list[str] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        return make_context(self.folder, log=self.log.append)

    def source(self, **options: Any) -> Search:
        hosts = [f"{host}.test:{self.web.port}" for host in ("a", "b", "c")]
        endpoint = f"http://engine.test:{self.web.port}/search?format=json&q={{query}}"
        defaults = {"endpoint": endpoint, "allow_private": hosts, "contact": "someone@example.org"}
        return Search(WebSearchOptions(**(defaults | options)))

    def retrieve(self, *queries: Sequence[str], **options: Any) -> list[Passage]:
        mistakes = [
            Mistake(id=f"m{n}", attempt_id=f"q{n}", task="t", kind="knowledge", question="?", queries=tuple(these))
            for n, these in enumerate(queries)
        ]
        return list(self.source(**options).retrieve(mistakes, self.ctx))

    def refused(self) -> list[dict[str, str]]:
        lines = (self.folder / "stage" / "refused.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def shared_reader() -> Iterator[Reader]:
    reader = Reader(60.0)
    yield reader
    reader.close()


@pytest.fixture
def desk(tmp_path: Path, web: FakeWeb, shared_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """All share one process that reads pages, which takes a second to start."""

    class Shared:
        def __init__(self, seconds: float) -> None:
            self.read = shared_reader.read

        def close(self) -> None: ...

    monkeypatch.setattr("cem_search.assembly.Reader", Shared)
    return Desk(tmp_path, web)
