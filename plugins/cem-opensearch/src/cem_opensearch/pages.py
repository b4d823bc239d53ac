"""A document of an index as a page."""

from collections.abc import Sequence
from typing import Any

from cem_opensearch.answers import Hit, name_of
from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.searching import Page, clean

LONGEST_NOTE = 300
"""Characters of a title, an address, a revision, a licence."""


def read_fields(options: OpenSearchOptions) -> Sequence[str]:
    """The names of all fields that `make_page` looks at."""
    single = (options.title_field, options.url_field, options.revision_field, options.licence_field)
    return list(dict.fromkeys([*options.text_fields, *filter(None, single)]))


def make_page(hit: Hit, options: OpenSearchOptions) -> Page | None:
    """The page of a document, or None where none of its text fields holds text. Values of other types are passed
    over."""
    values = hit.get("fields")
    values = values if isinstance(values, dict) else {}
    text = "\n\n".join(filter(None, ("\n".join(_strings(values.get(field))) for field in options.text_fields)))
    text = clean(text, options.max_chars)
    if not text:
        return None
    index, identity = name_of(hit)
    return Page(
        title=_note(values, options.title_field) or clean(identity, LONGEST_NOTE),
        text=text,
        url=_note(values, options.url_field),
        revision=_note(values, options.revision_field) or f"{index}/{identity}@{hit.get('_seq_no')}",
        licence=_note(values, options.licence_field),
    )


def _note(values: dict[str, Any], field: str) -> str:
    """The first of a field's values, in one line."""
    first = next(iter(_strings(values.get(field))), "") if field else ""
    return clean(" ".join(first.split()), LONGEST_NOTE)


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)]
