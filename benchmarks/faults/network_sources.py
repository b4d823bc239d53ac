"""What goes over the network, each with a server that answers it rightly and a way to ask it about a few mistakes."""

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cem_toolkit.api import Mistake, Source
from cem_toolkit.testing import make_context
from cem_toolkit.testing.serving import reply

SECRET = "c2VjcmV0LW9mLW5vYm9keQ"  # noqa: S105 (of nobody)
VARIABLE = "CEM_FAULTS_SECRET"
TIMEOUT, SECONDS, RETRIES = 1.5, 15.0, 1
"""Of one request, of all together, and how often it is tried again: small, so that the suite is quick."""
NAMES = ("alpha", "beta", "gamma")
FAULTY = "beta"
"""Requests that name it are those that fail where only some do."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Client:
    """One of them. `parts` are the requests that a fault may hit: "" for all."""

    name: str
    right: Callable[[str, str, str], Any]
    """The right answer to a request, by path with parameters, body, and the server's own address."""
    ask: Callable[[str, Path, Say], Sequence[str]]
    """Asks the server at an address; what was had, by name."""
    parts: dict[str, Callable[[str], bool]] = field(default_factory=lambda: {"": lambda path: True})
    secret: bool = True
    """Whether it is given a secret to send."""
    seconds: float = SECONDS
    """The time budget that it is given."""


def mistakes(*fillers: str) -> list[Mistake]:
    """The faulty one comes last."""
    ordered = [name for name in NAMES if name != FAULTY] + [*fillers, FAULTY]
    return [
        Mistake(id=f"m-{name}", attempt_id=name, task="t", kind="knowledge", question="?", queries=(name,))
        for name in ordered
    ]


def _titles(source: Source, folder: Path, say: Say, *fillers: str) -> list[str]:
    ctx = make_context(folder, log=say)
    return [passage.title for passage in source.retrieve(mistakes(*fillers), ctx)]


def _text(name: str) -> str:
    return f"{name} is a thing that is told of in this sentence, which is long enough to be read as a page's text."


# The live wiki.


def _wiki_right(path: str, body: str, address: str) -> Any:
    asked = dict(parse_qsl(urlsplit(path).query))
    if "titles" in asked:
        return {
            "query": {"pages": [{"ns": 0, "title": title, "missing": True} for title in asked["titles"].split("|")]}
        }
    if "srsearch" in asked:
        return {"query": {"search": [{"ns": 0, "pageid": NAMES.index(asked["srsearch"]) + 1}]}}
    pages = [
        {
            "pageid": int(number),
            "title": NAMES[int(number) - 1],
            "extract": _text(NAMES[int(number) - 1]),
            "revisions": [{"revid": 1, "timestamp": "2026-01-02T03:04:05Z"}],
        }
        for number in asked["pageids"].split("|")
    ]
    return {"query": {"pages": pages}}


def _ask_wiki(address: str, folder: Path, say: Say) -> Sequence[str]:
    from cem_wiki.options import WikiOptions
    from cem_wiki.source import Wiki

    limits: dict[str, Any] = {"timeout": TIMEOUT, "retries": RETRIES, "max_seconds": SECONDS, "min_interval": 0.0}
    return _titles(Wiki(WikiOptions(backend="live", api_url=f"{address}/w/api.php", **limits)), folder, say)


# Web search: the endpoint, robots.txt and the pages are all on one host.


def _search_right(path: str, body: str, address: str) -> Any:
    if path.startswith("/search"):
        name = dict(parse_qsl(urlsplit(path).query))["q"]
        return {"results": [{"url": f"{address}/page/{name}", "title": name}]}
    if path == "/robots.txt":
        return "User-agent: *\nDisallow: /private\n"
    name = path.rpartition("/")[2]
    paragraphs = "".join(f"<p>{_text(name)}</p>" for _ in range(3))
    return f"<html lang='en'><title>{name}</title><body><article><h1>{name}</h1>{paragraphs}</article></body></html>"


def share_reader() -> None:
    """All tries share one process that reads pages, started before any is timed: that is no matter of the network."""
    import cem_search.assembly
    from cem_search.fetching.fetcher import Fetched
    from cem_search.reading.reader import Reader

    class Shared(Reader):
        def close(self) -> None: ...

    shared = Shared(60.0)
    with contextlib.suppress(Exception):
        shared.read(Fetched("http://x", "text/plain", "utf-8", b"x"))
    cem_search.assembly.Reader = lambda seconds: shared  # type: ignore[assignment,misc]


def _ask_search(address: str, folder: Path, say: Say) -> Sequence[str]:
    from cem_search.source import Search

    place = urlsplit(address).netloc
    options = {
        "endpoint": f"{address}/search?format=json&key={SECRET}&q={{query}}",
        "allow_private": [place],
        "contact": "someone@example.org",
        "min_interval": 0.0,
        "timeout": TIMEOUT,
        "retries": RETRIES,
        "max_seconds": SECONDS,
    }
    return _titles(Search(Search.Options.model_validate(options)), folder, say)


# An index of OpenSearch.


def _opensearch_right(path: str, body: str, address: str) -> Any:
    if "_field_caps" in path:
        return {"fields": {"text": {"text": {}}, "title": {"text": {}}}}
    if "_msearch" in path:
        queries = [json.dumps(json.loads(line)) for line in body.splitlines()[1::2]]
        return {"responses": [{"hits": {"hits": _hits(name for name in NAMES if name in query)}} for query in queries]}
    return {"hits": {"hits": _hits(name for name in NAMES if f'"{name}"' in body)}}


def _hits(names: Any) -> list[dict[str, Any]]:
    return [
        {"_index": "all", "_id": name, "_seq_no": 1, "fields": {"title": [name], "text": [_text(name)]}}
        for name in names
    ]


def _ask_opensearch(address: str, folder: Path, say: Say) -> Sequence[str]:
    from cem_opensearch.source import OpenSearch

    options = {
        "url": address,
        "index": "all",
        "licence": "own",
        "api_key_env": VARIABLE,
        "timeout": TIMEOUT,
        "retries": RETRIES,
        "max_seconds": SECONDS,
    }
    fillers = [f"filler {number}" for number in range(70)]  # so that the faulty one is in a request of its own
    return _titles(OpenSearch(OpenSearch.Options.model_validate(options)), folder, say, *fillers)


# A language model that rewrites passages.


def _chat_right(path: str, body: str, address: str) -> Any:
    prompt = json.loads(body)["messages"][0]["content"]
    message = {"role": "assistant", "content": prompt}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message}],
    }


def _ask_chat(address: str, folder: Path, say: Say) -> Sequence[str]:
    """What was had is what the stage keeps: it is not asked for again when the stage is tried again."""
    from cem_toolkit.builtin.endpoint import Endpoint

    ctx = make_context(folder, log=say)
    model = Endpoint(f"{address}/v1", "m", VARIABLE, timeout=TIMEOUT, retries=RETRIES)
    try:
        return model.ask(NAMES, 9, ctx, kept="answers.jsonl", label="asking")
    except Exception:
        kept = (ctx.folder / "answers.jsonl").read_text(encoding="utf-8").split("\n")
        say(f"kept: {len([line for line in kept if line])} answers")
        raise


CLIENTS = (
    Client("wiki (live)", _wiki_right, _ask_wiki, secret=False),
    Client(
        "search",
        _search_right,
        _ask_search,
        parts={
            "the engine": lambda path: path.startswith("/search"),
            "robots.txt": lambda path: path == "/robots.txt",
            "pages": lambda path: path.startswith("/page"),
        },
    ),
    Client("opensearch", _opensearch_right, _ask_opensearch),
    Client("rewriter endpoint", _chat_right, _ask_chat, seconds=(RETRIES + 1) * (TIMEOUT + 1) + 1),
)


def answer_rightly(client: Client, handler: BaseHTTPRequestHandler, body: str) -> None:
    scheme = "https" if hasattr(handler.connection, "getpeercert") else "http"
    right = client.right(handler.path, body, f"{scheme}://{handler.headers['Host']}")
    kind = "application/json" if not isinstance(right, str) else "text/html" if right[:1] == "<" else "text/plain"
    reply(200, right if isinstance(right, str) else json.dumps(right), Content_Type=kind)(handler)


os.environ.setdefault(VARIABLE, SECRET)
