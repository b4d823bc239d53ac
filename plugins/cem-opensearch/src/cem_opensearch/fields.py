"""Which fields of an index are searched and read, and whether it has them."""

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.api import CemError

TEXT = frozenset({"text", "match_only_text", "search_as_you_type", "annotated_text"})
OBJECTS = frozenset({"object", "nested"})

Types = Mapping[str, frozenset[str]]
"""The types that a field has in the indices that are asked, by its name."""


def searched_fields(options: OpenSearchOptions, types: Types) -> Sequence[str]:
    """The option's fields with their boosts, or all text fields. Raises CemError where the index has no such field."""
    if not options.fields:
        found = text_fields(types)
        if not found:
            raise CemError(f"opensearch: {options.index} has no text field: set fields (it has: {_some(types)})")
        return found
    for field in options.fields:
        _look_for("fields", field.partition("^")[0], options, types)
    return options.fields


def check_fields(options: OpenSearchOptions, types: Types) -> None:
    """Raises CemError, in one line, for the first field of the options that the index does not have."""
    searched_fields(options, types)
    for field in options.text_fields:
        _look_for("text_fields", field, options, types)
    for option in ("title_field", "url_field", "revision_field", "licence_field"):
        if field := getattr(options, option):
            _look_for(option, field, options, types)


def text_fields(types: Types) -> Sequence[str]:
    """All text fields, in the alphabet's order, but for those inside of another field: a field that is indexed in
    several ways (`title.english`) is searched in its first one, and nested documents are another kind of search."""
    return sorted(name for name, kinds in types.items() if kinds & TEXT and not _inside_of_another(name, types))


def _inside_of_another(name: str, types: Types) -> bool:
    parts = name.split(".")
    outer = (types.get(".".join(parts[:length]), frozenset({"object"})) for length in range(1, len(parts)))
    return any(kinds != {"object"} for kinds in outer)


def _look_for(option: str, name: str, options: OpenSearchOptions, types: Types) -> None:
    known = [field for field, kinds in types.items() if not kinds & OBJECTS]
    if name in known or ("*" in name and any(fnmatchcase(field, name) for field in known)):
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has: {_some(types)}"
    how = " (or set it to '')" if option == "title_field" else ""
    raise CemError(f"opensearch: {option}: {options.index} has no field {name!r}; {hint}{how}")


def _some(types: Types) -> str:
    known = sorted(field for field, kinds in types.items() if not kinds & OBJECTS)
    return ", ".join(known[:20]) + (", …" if len(known) > 20 else "") if known else "none"
