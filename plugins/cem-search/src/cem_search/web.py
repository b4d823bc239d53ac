"""One page of the web, fetched and read."""

from datetime import UTC, datetime
from typing import Any

from cem_search.fetching.fetcher import Fetcher
from cem_search.reading.reader import Reader
from cem_toolkit.searching.polite import Clock


class Web:
    """What the cache keeps of a page. Threads may share it."""

    def __init__(self, fetcher: Fetcher, reader: Reader, clock: Clock) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._clock = clock

    def read(self, url: str) -> dict[str, Any]:
        """Title, text, date, licence and language, the URL that redirects led to, and the day. Raises FetchError."""
        fetched = self._fetcher.fetch(url)
        text = self._reader.read(fetched)
        day = datetime.fromtimestamp(self._clock.today(), UTC).date().isoformat()
        return {
            "url": fetched.url,
            "fetched": day,
            "title": text.title,
            "text": text.text,
            "date": text.date,
            "licence": text.licence,
            "language": text.language,
        }

    def close(self) -> None:
        self._fetcher.close()
        self._reader.close()
