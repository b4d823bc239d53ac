"""Options that every searching source has."""

from typing import Literal

from pydantic import Field

from cem_toolkit.roles import Options


class SearchOptions(Options):
    """Base of the options of a source that searches."""

    top_k: int = Field(default=5, ge=1, le=100, description="Pages kept for each mistake")
    per_query: int = Field(default=20, ge=1, le=50, description="Search results looked at for each query")
    max_chars: int = Field(default=8000, ge=100, description="A page's text is cut to this many characters")
    licence: str = Field(
        min_length=1, description="Licence of the texts, noted with every passage that states none of its own"
    )
    ranking: Literal["words", "hybrid"] = Field(
        default="words",
        description="'words': as the search ranks pages; 'hybrid': its best pages in the order of a sentence encoder",
    )
    encoder: str = Field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        min_length=1,
        description="hybrid: a hub id or a folder with safetensors; vectors are the mean over a text's tokens",
    )
    candidates: int = Field(
        default=10, ge=1, le=100, description="hybrid: pages of each mistake that the encoder orders, top_k at least"
    )
