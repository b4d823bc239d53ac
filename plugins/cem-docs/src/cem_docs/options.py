"""What a user can set."""

from pathlib import Path

from pydantic import Field

from cem_toolkit import api
from cem_toolkit.searching import SearchOptions


class Columns(api.Options):
    """Which columns of JSON Lines, Parquet and data sets hold what."""

    text: str = Field("text", min_length=1, description="The text; rows without one are skipped")
    title: str = Field("title", description="The title, where there is one")
    url: str = Field("url", description="The address (http or https), where there is one")
    licence: str = Field("license", description="The licence, where there is one; else the option licence")


class Dataset(api.Options):
    """A data set that the library datasets streams."""

    path: str = Field(
        pattern=r"^(json|parquet|[\w-][\w.-]*/[\w-][\w.-]*)$",
        description="A hub id such as team/handbook, or json or parquet for files",
    )
    name: str | None = Field(None, description="The configuration of the data set, such as a language")
    split: str = Field("train", min_length=1, description="The split")
    revision: str | None = Field(None, description="A commit or tag of the hub; without, its newest state is read once")
    files: list[Path] = Field([], description="json, parquet: the files, relative to the configuration's folder")
    max_rows: int | None = Field(None, ge=1, description="Only so many rows, from the first")


class DocsOptions(SearchOptions):
    """Options of the knowledge source `docs`."""

    paths: list[Path] = Field(
        [], description="Files and folders, with all below them; relative to the configuration's folder"
    )
    include: list[str] = Field(
        [], description="Of folders only files that match one of these patterns, as .gitignore's"
    )
    exclude: list[str] = Field([], description="Of folders no file or folder that matches one of these patterns")
    dataset: Dataset | None = Field(None, description="A data set of the Hugging Face hub, or of files")
    columns: Columns = Field(Columns(), description="JSON Lines, Parquet, data sets: which column holds what")
    language: str = Field(
        "en", pattern=r"^[a-z][a-z0-9-]*$", description="The documents' language, for stemming and stop words"
    )
    max_chars: int = Field(
        1500, ge=200, description="Characters of a passage at most: longer sections give several passages"
    )
    licence: str = Field("own documents", min_length=1, description="Noted with every passage that states none itself")
    url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="What stands before a file's path in its passages' addresses"
    )
    max_megabytes: float = Field(50, gt=0, description="Larger files, and those with more text, are skipped")
    max_seconds: float = Field(
        120, gt=0, description="Seconds for reading one document, or one row; more, and it is skipped"
    )
