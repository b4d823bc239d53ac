"""How documents lie in tantivy's index."""

from typing import TYPE_CHECKING, Any

from cem_index.document import Document
from cem_index.words import LONGEST, plain
from cem_toolkit.searching import match_key

if TYPE_CHECKING:
    import tantivy

TITLE_WEIGHT = 3
"""How often a document's title is counted as part of its text, as the wiki's small index has it."""
SETTINGS: dict[str, Any] = {"title_weight": TITLE_WEIGHT, "longest": LONGEST, "layout": 1}
"""What decides the index besides its documents, their language and tantivy's version."""

NUMBER = "number"
"""The running number of a document that is no redirect."""
WORDS = "words"
"""The terms that are searched."""
KEY = "key"
"""The title and the names as they are compared with queries."""
STORED = "document"
"""The document itself, compressed."""
ANALYSER = "words"


def make_schema() -> "tantivy.Schema":
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(NUMBER, indexed=True, fast=True)
    builder.add_text_field(WORDS, tokenizer_name=ANALYSER, index_option="freq")  # no phrases, so no positions
    builder.add_text_field(KEY, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field(STORED, stored=True)
    return builder.build()


def make_record(document: Document, number: int) -> "tantivy.Document":
    """`document` as tantivy takes it; `number` is left out where it is a redirect."""
    import tantivy

    record = tantivy.Document()
    names = (document.title, *document.names)
    for key in dict.fromkeys(map(match_key, names)):
        if key:
            record.add_text(KEY, plain(key))
    if not document.target:
        record.add_unsigned(NUMBER, number)
        words = [document.title] * TITLE_WEIGHT + [*document.names, document.text]
        record.add_text(WORDS, plain("\n".join(words)))
    record.add_bytes(STORED, document.to_bytes())
    return record
