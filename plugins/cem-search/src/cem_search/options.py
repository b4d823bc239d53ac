"""What a user can set."""

from typing import Literal

from pydantic import Field, field_validator

from cem_toolkit.searching import SearchOptions

QUESTION_BANKS = (
    "brainly.com",
    "brainly.in",
    "chegg.com",
    "coursehero.com",
    "examtopics.com",
    "funtrivia.com",
    "gauthmath.com",
    "huggingface.co",
    "jetpunk.com",
    "numerade.com",
    "quizizz.com",
    "quizlet.com",
    "sporcle.com",
    "studocu.com",
    "triviawell.com",
)
"""Sites whose pages are questions with their answers, or data sets of such: where a benchmark is likely to stand as it
is. The core's leak guard looks at every row anyway; this list spares the visit."""


class WebSearchOptions(SearchOptions):
    """Options of the knowledge source `search`."""

    per_query: int = Field(default=10, ge=1, le=50, description="Search results looked at for each query")
    licence: str = Field(
        default="unknown (web page)", min_length=1, description="Noted with pages that state no licence of their own"
    )

    endpoint: str = Field(
        default="",
        pattern=r"^$|^https?://\S*\{query\}\S*$",
        description="A SearXNG-style address that answers in JSON, such as"
        " https://searx.example/search?format=json&q={query}; without one ddgs asks public engines",
    )
    engines: str = Field(
        default="auto", min_length=1, description="ddgs: its engines, such as 'duckduckgo,mojeek'; auto: it chooses"
    )
    region: str = Field(default="us-en", pattern=r"^[a-z]{2}-[a-z]{2,}$", description="ddgs: country and language")
    safesearch: Literal["on", "moderate", "off"] = Field(default="moderate", description="ddgs: how much is filtered")

    allow: tuple[str, ...] = Field(
        default=(), description="Domains, with all below them, that pages may come from; none named: any"
    )
    deny: tuple[str, ...] = Field(
        default=(), description="Domains, with all below them, that no page may come from, whatever `allow` says"
    )
    question_banks: bool = Field(
        default=False, description="Also read known sites of questions with their answers, which may hold the benchmark"
    )
    languages: tuple[str, ...] = Field(
        default=(), description="Leave out pages that state another language than these, such as 'en'; none named: any"
    )
    allow_private: tuple[str, ...] = Field(
        default=(),
        description="Hosts ('wiki.intern', 'localhost:8080') and networks ('10.1.0.0/16') that may be asked although"
        " their addresses are not public",
    )
    ports: tuple[int, ...] = Field(default=(80, 443), description="Ports that pages may be served on")

    contact: str = Field(
        default="",
        pattern=r"^[ -~]*$",
        description="An e-mail or web address for the User-Agent: set it, sites ask for it",
    )
    min_interval: float = Field(
        default=1.0, ge=0, description="Seconds from a request's start to the next one's to the same host, at least"
    )
    hosts_at_once: int = Field(default=8, ge=1, le=64, description="Hosts that are asked at the same time")
    timeout: float = Field(default=30.0, gt=0, description="Seconds for one request with its whole answer")
    retries: int = Field(default=2, ge=0, description="How often a request that failed for now is tried again")
    max_seconds: float = Field(default=1800.0, gt=0, description="Seconds for all requests of a round together")
    max_pages: int = Field(default=1000, ge=0, description="Pages fetched in a round; those in the cache cost nothing")
    max_bytes: int = Field(
        default=5 * 2**20, ge=1024, description="Bytes of a page, as sent and as unpacked; longer ones are refused"
    )
    parse_seconds: float = Field(default=20.0, gt=0, description="Seconds for finding one page's text")
    max_age: float = Field(default=30.0, gt=0, description="Days that answers and pages in the cache are used")

    @field_validator("endpoint")
    @classmethod
    def _address(cls, endpoint: str) -> str:
        from cem_search.fetching.failures import RefusedError
        from cem_search.fetching.reach import Reach

        try:
            if endpoint:
                Reach(ports=range(1, 65536)).place(endpoint.replace("{query}", "x"))
        except RefusedError as error:
            raise ValueError(str(error)) from None
        return endpoint

    @field_validator("allow", "deny")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        from cem_search.fetching.reach import domain_name

        return tuple(domain_name(domain) for domain in domains)

    @field_validator("allow_private")
    @classmethod
    def _hosts(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        from cem_search.fetching.private import Private

        Private(entries)
        return entries

    @property
    def public_engines(self) -> str:
        """What decides which results ddgs gives."""
        return f"ddgs {self.engines} {self.region} {self.safesearch}"

    @property
    def denied(self) -> tuple[str, ...]:
        """All domains that no page may come from."""
        return self.deny if self.question_banks else (*self.deny, *QUESTION_BANKS)
