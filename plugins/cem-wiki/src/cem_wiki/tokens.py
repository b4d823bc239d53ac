"""Text to index terms: lower-case words without stop words, stemmed, without accents."""

import re
import unicodedata
from collections.abc import Callable, Collection

from cem_toolkit.searching import fold_accents

LANGUAGES = {
    "da": ("danish", "DANISH"),
    "de": ("german", "GERMAN"),
    "en": ("english", "EN_PLUS"),
    "es": ("spanish", "SPANISH"),
    "fr": ("french", "FRENCH"),
    "it": ("italian", "ITALIAN"),
    "nl": ("dutch", "DUTCH"),
    "no": ("norwegian", "NORWEGIAN"),
    "pt": ("portuguese", "PORTUGUESE"),
    "ru": ("russian", "RUSSIAN"),
    "sv": ("swedish", "SWEDISH"),
    "tr": ("turkish", "TURKISH"),
}
"""Wikipedia's language code -> Snowball's stemmer and bm25s' list of stop words. Other languages go without both."""


def make_tokenizer(language: str) -> Callable[[str], list[str]]:
    """A function from text to its terms, in order. Not safe to share among threads."""
    stop: Collection[str] = ()
    stem: Callable[[list[str]], list[str]] = list
    if language in LANGUAGES:
        import bm25s.stopwords
        import Stemmer

        algorithm, words = LANGUAGES[language]
        stop = frozenset(getattr(bm25s.stopwords, f"STOPWORDS_{words}"))
        stem = Stemmer.Stemmer(algorithm).stemWords

    def tokenize(text: str) -> list[str]:
        words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())
        return [fold_accents(word) for word in stem([word for word in words if word not in stop])]

    return tokenize
