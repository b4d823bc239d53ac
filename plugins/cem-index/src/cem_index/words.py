"""Text to index terms: lower-case words without stop words, stemmed, without accents."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tantivy import TextAnalyzer

LANGUAGES = {
    "ar": ("arabic", ""),
    "da": ("danish", "DANISH"),
    "de": ("german", "GERMAN"),
    "el": ("greek", ""),
    "en": ("english", "EN_PLUS"),
    "es": ("spanish", "SPANISH"),
    "fi": ("finnish", ""),
    "fr": ("french", "FRENCH"),
    "hu": ("hungarian", ""),
    "it": ("italian", "ITALIAN"),
    "nl": ("dutch", "DUTCH"),
    "no": ("norwegian", "NORWEGIAN"),
    "pt": ("portuguese", "PORTUGUESE"),
    "ro": ("romanian", ""),
    "ru": ("russian", "RUSSIAN"),
    "sv": ("swedish", "SWEDISH"),
    "ta": ("tamil", ""),
    "tr": ("turkish", "TURKISH"),
}
"""Wikipedia's language code -> Snowball's stemmer and bm25s' list of stop words, which holds question words, as
tantivy's own does not: "what" is rare in an encyclopedia, and would count for much. Other languages go without."""
LONGEST = 100
"""Bytes of a word; a longer one is no word, and left out."""


@cache
def make_analyser(language: str) -> "TextAnalyzer":
    """tantivy's analyser for a language's code. Its words are `\\w+`, with the vowel signs of Indic scripts."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = (
        TextAnalyzerBuilder(Tokenizer.regex(r"\w+")).filter(Filter.remove_long(LONGEST)).filter(Filter.lowercase())
    )
    if language in LANGUAGES:
        import bm25s.stopwords

        stemmer, stop = LANGUAGES[language]
        if stop:
            builder = builder.filter(Filter.custom_stopword(list(getattr(bm25s.stopwords, f"STOPWORDS_{stop}"))))
        builder = builder.filter(Filter.stemmer(stemmer))
    return builder.filter(Filter.ascii_fold()).build()


def plain(text: str) -> str:
    """`text` as the analyser wants it: composed, for accents are folded from composed letters only, and valid UTF-8."""
    return unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode()
