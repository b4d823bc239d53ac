"""What a ZIM file says of itself: https://wiki.openzim.org/wiki/Metadata."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from cem_wiki.pages import page_url

if TYPE_CHECKING:
    from libzim.reader import Archive

LANGUAGES = {
    "ara": "ar", "dan": "da", "deu": "de", "ell": "el", "eng": "en", "spa": "es", "fin": "fi", "fra": "fr", "hun": "hu",
    "ita": "it", "nld": "nl", "nor": "no", "nob": "no", "por": "pt", "ron": "ro", "rus": "ru", "swe": "sv",
    "tam": "ta", "tur": "tr",
}  # fmt: skip
"""ISO 639-3, as ZIM files have it -> the codes of languages that the index has a stemmer for."""
WIKIMEDIA = re.compile(
    r"(wikipedia|wiktionary|wikivoyage|wikibooks|wikiquote|wikisource|wikinews|wikiversity)_([a-z-]+)_"
)
TOLD = ("Name", "Title", "Language", "Date", "Source", "License", "Scraper")
LONGEST = 500


def read_metadata(archive: "Archive") -> Mapping[str, str]:
    """Those of `TOLD` that there are, each as one line."""
    keys = set(archive.metadata_keys).intersection(TOLD)
    texts = {key: bytes(archive.get_metadata(key)).decode("utf-8", "replace") for key in keys}
    return {key: " ".join(text.split())[:LONGEST] for key, text in texts.items()}


def language_code(told: str) -> str:
    """Wikipedia's code of the first of the languages named, "" where it is not known."""
    first = told.partition(",")[0].strip().casefold()
    return LANGUAGES.get(first, first if len(first) == 2 else "")


class Addresses:
    """Where on the web a file's pages are."""

    def __init__(self, told: Mapping[str, str]) -> None:
        self._wiki = WIKIMEDIA.match(told.get("Name", ""))
        self._crawled = bool(re.search("zimit|warc2zim", told.get("Scraper", "")))
        source = told.get("Source", "")
        self._source = source if urlsplit(source).scheme in ("http", "https") else ""

    def find(self, path: str) -> str:
        """Of the page at `path`: on a Wikimedia wiki by the file's name, of a crawled site by the path, which begins
        with the host; else the address that the file gives as its source, "" where it gives none."""
        if self._wiki:
            project, language = self._wiki.groups()
            title = path.removeprefix("A/")  # files of before 2021 have namespaces in their paths
            return page_url(language, title, project)
        if self._crawled:
            return "https://" + quote(path, safe="/:;@$!*(),~?&=%+")
        return self._source
