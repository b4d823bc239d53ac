"""What a user can set."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from cem_toolkit.searching import SearchOptions


class WikiOptions(SearchOptions):
    """Options of the knowledge source `wiki`."""

    backend: Literal["offline", "live", "zim", "dump"] = Field(
        default="offline",
        description="'offline': summaries from a data package; 'live': a wiki's MediaWiki API; 'zim', 'dump': a whole"
        " wiki on this machine",
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z][a-z0-9-]*$",
        description="Wikipedia's language code; the offline data package has en, es and fr; zim, dump: the file's own",
    )
    licence: str = Field(
        default="CC BY-SA 4.0", min_length=1, description="Licence of the texts, noted with every passage"
    )

    data: Path | None = Field(
        default=None,
        description="zim: the .zim file; dump: the …-pages-articles….xml.bz2 (or .xml, .xml.gz); offline: a JSON file"
        " {title: {title, extract, …}} to search instead of the data package",
    )

    api_url: str = Field(
        default="https://{language}.wikipedia.org/w/api.php",
        pattern=r"^https?://",
        description="live: the wiki's api.php; {language} is filled in",
    )
    contact: str = Field(
        default="",
        pattern=r"^[ -~]*$",
        description="live: an e-mail or web address for the User-Agent, as Wikimedia's policy asks of every client",
    )
    whole_pages: bool = Field(
        default=False, description="live, zim, dump: take whole pages instead of their introductions"
    )
    min_interval: float = Field(default=1.0, ge=0, description="live: seconds from a request's start to the next one's")
    timeout: float = Field(default=30.0, gt=0, description="live: seconds after which one request counts as failed")
    retries: int = Field(default=5, ge=0, description="live: how often a failed request is tried again")
    max_seconds: float = Field(default=1800.0, gt=0, description="live: seconds for all requests of a round together")
    max_requests: int = Field(default=5000, ge=1, description="live: requests of a round, tries again included")

    @model_validator(mode="after")
    def _only_offline(self) -> Self:
        if self.backend == "live" and self.ranking == "hybrid":
            raise ValueError("ranking: hybrid is not for backend: live: a live wiki's own search ranks its pages")
        return self

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if self.backend in ("zim", "dump") and self.data is None:
            raise ValueError(f"backend: {self.backend} wants the option data: the file with the wiki")
        return self

    @property
    def api_address(self) -> str:
        """`api_url` with the language filled in."""
        return self.api_url.replace("{language}", self.language)
