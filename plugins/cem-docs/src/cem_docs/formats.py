"""Which reader reads which file, and what it needs."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Format:
    """`reader` is a module of `cem_docs.readers`, `package` what it needs, by the extra that installs it."""

    name: str
    reader: str
    suffixes: tuple[str, ...]
    package: str
    extra: str = ""
    rows: bool = False
    """Whether every row is a document: then the file may have any size."""

    @property
    def version(self) -> str:
        """That of `package`; "" where it is not installed."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""


TEXT = Format("plain text", "text", (".txt", ".text", ".rst", ".adoc", ".org", ""), "chardet")
HUB = Format("data sets", "hub", (), "datasets", "data", rows=True)
FORMATS = (
    TEXT,
    Format("Markdown", "markdown", (".md", ".markdown"), "markdown-it-py"),
    Format("HTML", "html", (".html", ".htm", ".xhtml"), "lxml"),
    Format("PDF", "pdf", (".pdf",), "pypdf", "pdf"),
    Format("Word", "word", (".docx", ".docm"), "python-docx", "office"),
    Format("PowerPoint", "slides", (".pptx", ".pptm"), "python-pptx", "office"),
    Format("Excel", "sheets", (".xlsx", ".xlsm"), "openpyxl", "office"),
    Format("CSV", "csv", (".csv", ".tsv"), "chardet"),
    Format("JSON Lines", "jsonl", (".jsonl", ".ndjson"), "cem-docs", rows=True),
    Format("Parquet", "parquet", (".parquet",), "pyarrow", "data", rows=True),
)
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}


def find_format(path: PurePath) -> Format | None:
    """The format of a file by its name; a name without an ending, such as README, is plain text."""
    return _BY_SUFFIX.get(path.suffix.lower())
