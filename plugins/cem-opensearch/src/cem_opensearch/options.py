"""What a user can set."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from cem_toolkit.searching import SearchOptions


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _without_secrets(url: str) -> str:
    if "@" in urlsplit(url).netloc:
        raise ValueError("names and passwords do not belong in a url: set username_env and password_env")
    return url.rstrip("/")


Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$"), AfterValidator(_without_secrets)]
SearchedField = Annotated[str, StringConstraints(pattern=r"^[^\s^]+(\^[0-9]+(\.[0-9]+)?)?$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[^\s*^]+$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$|^$")]


class OpenSearchOptions(SearchOptions):
    """Options of the knowledge source `opensearch`."""

    url: Annotated[tuple[Url, ...], BeforeValidator(_as_list)] = Field(
        default=("http://localhost:9200",), min_length=1, description="The engine's address, or those of several nodes"
    )
    index: str = Field(
        pattern=r'^[^\s/?#%\\"<>|]+$',
        description="The index or alias to search, or several, as `handbook,wiki-*`",
    )
    fields: Annotated[tuple[SearchedField, ...], BeforeValidator(_as_list)] = Field(
        default=(), description="The fields that are searched, as `title^3`; empty: all text fields"
    )
    match: Literal["best_fields", "cross_fields", "combined_fields"] = Field(
        default="best_fields",
        description="'best_fields': a document counts as much as its best field; 'cross_fields', 'combined_fields': "
        "a query's words may stand in several fields (the latter for text fields of one analyzer)",
    )
    filter: dict[str, Any] = Field(default={}, description="A query that documents must match, in the engine's own DSL")

    text_fields: Annotated[tuple[FieldName, ...], BeforeValidator(_as_list)] = Field(
        default=("text",), min_length=1, description="The fields that make a document's text, one after the other"
    )
    title_field: FieldName | Literal[""] = Field(
        default="title", description="The field with the title; '': documents are titled by their id"
    )
    url_field: FieldName | Literal[""] = Field(default="", description="The field with the document's address")
    revision_field: FieldName | Literal[""] = Field(
        default="", description="The field with its revision; '': `index/id@sequence number`"
    )
    licence_field: FieldName | Literal[""] = Field(
        default="", description="The field with its licence; where it says none, the option licence"
    )

    api_key_env: VariableName = Field(
        default="", description="The environment variable that holds an API key, as the engine gives it (Base64)"
    )
    username_env: VariableName = Field(default="", description="The environment variable that holds the user's name")
    password_env: VariableName = Field(default="", description="The environment variable that holds the password")
    ca_certs: Path | None = Field(default=None, description="A PEM file of the authorities that sign the certificate")
    verify: bool = Field(default=True, description="Whether the server's certificate is checked")

    timeout: float = Field(default=30.0, gt=0, description="Seconds after which one request counts as failed")
    retries: int = Field(default=5, ge=0, description="How often a failed request is tried again")
    max_seconds: float = Field(default=1800.0, gt=0, description="Seconds for all requests of a round together")
    max_requests: int = Field(default=10_000, ge=1, description="Requests of a round, tries again included")

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if bool(self.username_env) != bool(self.password_env):
            raise ValueError("username_env and password_env are set together")
        if self.api_key_env and self.username_env:
            raise ValueError("set api_key_env, or username_env and password_env, not both")
        return self
