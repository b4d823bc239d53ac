"""What a user can set."""

from typing import Any, Literal

from pydantic import Field, field_validator

from cem_toolkit import api


class EmbeddingsOptions(api.Options):
    """Options of the knowledge source `embeddings`."""

    over: str = Field(min_length=1, description="The source whose documents are searched, such as `docs`")
    options: dict[str, Any] = Field(default={}, description="That source's own options")
    encoder: str = Field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        min_length=1,
        description="A hub id or a folder with safetensors; vectors are the mean over a text's tokens",
    )
    top_k: int = Field(default=5, ge=1, le=100, description="Documents kept for each mistake")
    questions: bool = Field(
        default=True,
        description="true: each mistake's question with all its choices is looked up; false: each of its queries",
    )
    per_query: int = Field(
        default=20, ge=1, le=200, description="Documents looked at for each query (`questions: false`)"
    )
    dtype: Literal["float16", "float32"] = Field(
        default="float16", description="How vectors are kept: 2 or 4 bytes a number"
    )
    batch_size: int = Field(default=64, ge=1, description="Texts that are encoded together")
    device: str = Field(default="cpu", description="Where the encoder runs, by torch's names, such as `cuda`")

    @field_validator("over")
    @classmethod
    def _another(cls, over: str) -> str:
        if over == "embeddings":
            raise ValueError("embeddings search another source's documents, not their own")
        return over
