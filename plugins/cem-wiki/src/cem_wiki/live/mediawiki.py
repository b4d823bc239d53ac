"""What this source asks of MediaWiki's Action API, and the answers as pages: https://www.mediawiki.org/wiki/API:Query."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from cem_toolkit.searching import Page, clean
from cem_toolkit.searching.polite import RequestError
from cem_wiki.live.client import Client

TITLES_AT_ONCE = 50
"""The API's limit of titles in one request."""
TITLES_LENGTH = 4000
"""Characters of titles in one address: servers refuse long ones."""
RANDOM_AT_ONCE = 500
"""The API's limit of random pages in one request."""
INTRODUCTIONS_AT_ONCE = 20
"""The limit of TextExtracts; whole pages it gives one at a time."""
QUERY_LENGTH = 300
"""CirrusSearch refuses longer queries."""
NOT_IN_TITLES = re.compile(r"[#<>\[\]{}|\x00-\x1f\x7f\ud800-\udfff]")
FURTHEST_CONTINUATION = 200


class MediaWiki:
    """Titles, search and pages of the wiki at `url`, by page id. All methods raise RequestErrors."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url

    def find_titles(self, titles: Sequence[str], share: float) -> dict[str, int]:
        """The article of each title that has one, redirects followed; disambiguation pages are left out."""
        ids: dict[str, int] = {}
        moved: dict[str, str] = {}
        params = {"titles": "|".join(titles), "redirects": "1", "prop": "pageprops", "ppprop": "disambiguation"}
        for part in self._query(params, share):
            for change in [*_objects(part, "normalized"), *_objects(part, "redirects")]:
                moved[str(change.get("from"))] = str(change.get("to"))
            for page in _objects(part, "pages"):
                if page.get("ns") == 0 and isinstance(page.get("pageid"), int) and not page.get("pageprops"):
                    ids[str(page.get("title"))] = page["pageid"]
        found = {}
        for title in titles:
            target = title
            for _ in range(3):  # normalised, then redirected, at most twice
                target = moved.get(target, target)
            if target in ids:
                found[title] = ids[target]
        return found

    def search(self, query: str, limit: int, share: float) -> list[int]:
        """At most `limit` articles that hold all words of `query`, best first by the wiki's own measure."""
        words = plain_query(query)
        found: dict[int, None] = {}
        if words:
            params = {"list": "search", "srsearch": words, "srlimit": str(limit), "srprop": "", "srnamespace": "0"}
            for part in self._query(params, share):
                ids = (page.get("pageid") for page in _objects(part, "search"))
                found.update(dict.fromkeys(number for number in ids if isinstance(number, int)))
                if len(found) >= limit:
                    break
        return list(found)[:limit]

    def random(self, count: int, name: str, share: float) -> list[int]:
        """At most `count` articles that the wiki draws at random. `name` goes along as the request's id, so that draws
        of other names are other requests to the cache of answers."""
        limit = str(min(count, RANDOM_AT_ONCE))
        params = {"list": "random", "rnnamespace": "0", "rnlimit": limit, "requestid": name}
        found: dict[int, None] = {}
        for part in self._query(params, share):
            known = len(found)
            ids = (page.get("id") for page in _objects(part, "random"))
            found.update(dict.fromkeys(number for number in ids if isinstance(number, int)))
            if len(found) >= count or len(found) == known:  # a small wiki goes round for ever
                break
        return list(found)[:count]

    def read_pages(self, ids: Sequence[int], whole: bool, max_chars: int) -> dict[int, Page]:
        """Text, revision and address of one whole page or at most 20 introductions; pages without text are left out."""
        params = {
            "pageids": "|".join(str(number) for number in ids),
            "prop": "extracts|revisions|info",
            "explaintext": "1",
            "exsectionformat": "plain",
            "exlimit": "1" if whole else str(INTRODUCTIONS_AT_ONCE),
            "rvprop": "ids|timestamp",
            "inprop": "url",
        }
        if not whole:
            params["exintro"] = "1"
        fields: dict[int, dict[str, Any]] = {}
        for part in self._query(params, share=1.0):
            for page in _objects(part, "pages"):
                if isinstance(page.get("pageid"), int):
                    fields.setdefault(page["pageid"], {}).update(page)
        pages = {number: _page(fields.get(number, {}), max_chars) for number in ids}
        return {number: page for number, page in pages.items() if page is not None}

    def _query(self, params: Mapping[str, str], share: float) -> Iterator[Mapping[str, Any]]:
        """The `query` part of every response, continued until the API says that all is there."""
        common = {"action": "query", "format": "json", "formatversion": "2", "maxlag": "5", **params}
        further: dict[str, str] = {}
        for _ in range(FURTHEST_CONTINUATION):
            answer = self._client.get(self._url, common | further, share)
            part = answer.get("query")
            yield part if isinstance(part, dict) else {}
            more = answer.get("continue")
            if not isinstance(more, dict) or not more:
                return
            further = {str(name): str(value) for name, value in more.items()}
        raise RequestError(f"the answer is continued more than {FURTHEST_CONTINUATION} times")


def _objects(part: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = part.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _page(fields: Mapping[str, Any], max_chars: int) -> Page | None:
    text, url = fields.get("extract"), fields.get("canonicalurl")
    cleaned = clean(text, max_chars) if isinstance(text, str) else ""
    if not cleaned:
        return None
    revision = (_objects(fields, "revisions") or [{}])[0]
    return Page(
        title=clean(str(fields.get("title", "")), max_chars),
        text=cleaned,
        url=clean(url, max_chars) if isinstance(url, str) and url.startswith(("https://", "http://")) else "",
        revision=clean(f"{revision.get('revid', '')} {revision.get('timestamp', '')}", max_chars),
    )


def plain_query(query: str) -> str:
    """The words of `query` alone: nothing that the wiki's search would take for an operator."""
    words = re.findall(r"\w+(?:['’-]\w+)*", query)
    plain = " ".join(word.lower() if word in ("AND", "OR", "NOT") else word for word in words)
    if len(plain) <= QUERY_LENGTH:
        return plain
    return plain[: QUERY_LENGTH + 1].rpartition(" ")[0] or plain[:QUERY_LENGTH]


def batch_titles(queries: Sequence[str]) -> Iterator[list[str]]:
    """Those of `queries` that could be titles, in batches that one request can carry."""
    batch: list[str] = []
    length = 0
    for query in dict.fromkeys(queries):
        if not query.strip() or NOT_IN_TITLES.search(query) or len(query.encode()) > 255:
            continue
        size = len(quote_plus(query)) + 3
        if batch and (len(batch) == TITLES_AT_ONCE or length + size > TITLES_LENGTH):
            yield batch
            batch, length = [], 0
        batch.append(query)
        length += size
    if batch:
        yield batch
