"""The few templates that are part of a sentence. All others are left out: what they show is not in the dump's text."""

import re
from collections.abc import Iterator
from typing import Any

FIRST = frozenset(("nowrap", "nobr", "abbr", "small", "as of", "formatnum", "sortname", "ill", "interlanguage link"))
LAST = frozenset(("lang", "transliteration", "transl"))
MEASURES = frozenset(("convert", "cvt"))
QUANTITY = re.compile(r"[\d.,+\-−/ ]+|to|and|by|x|×|or|–|-")


def read_template(template: Any) -> Iterator[Any]:
    """What the template reads as: strings, and wikicode to be read in turn."""
    name = str(template.name).strip().casefold()
    if name.startswith("formatnum:"):
        yield name.removeprefix("formatnum:")
        return
    values = [each.value for each in template.params if not each.showkey]
    if not values:
        return
    if name in FIRST or name.startswith("lang-"):
        yield values[0]
    elif name in LAST:
        yield values[-1]
    elif name in ("circa", "c."):
        yield "c. "
        yield values[0]
    elif name in MEASURES:
        texts = [str(value).strip() for value in values]
        unit = next((number for number, text in enumerate(texts) if not QUANTITY.fullmatch(text)), len(texts))
        yield " ".join(texts[: unit + 1])  # what follows the unit says how to convert it
