"""What is indexed."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text, or a redirect: a title that leads to another document."""

    title: str
    text: str = ""
    url: str = ""
    revision: str = ""
    licence: str = ""
    names: tuple[str, ...] = ()
    """Other titles that lead to it."""
    target: str = ""
    """Of a redirect, the title of the document that it leads to. A redirect has no text and no number; it may come
    before its target or after it."""

    def to_bytes(self) -> bytes:
        """As the index keeps it: the fields that are not empty, as JSON."""
        fields = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError or TypeError where `data` is not what `to_bytes` gave."""
        fields = json.loads(data.decode("utf-8", "surrogatepass"))
        return cls(**fields | {"names": tuple(fields.get("names", ()))})
