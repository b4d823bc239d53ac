"""Hostile bytes, and what code that reads strangers' files must do with them: answer, or say in one line what is wrong.

`check_survives` is a property for hypothesis or any other fuzzer; `Kind` describes the inputs of one parser to it.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cem_toolkit.errors import CemError, ConfigError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 4096
"""Bytes of an input that is made here."""
LONGEST_LINE = 5000


def check_survives(read: Callable[[bytes], object], data: bytes) -> None:
    """`read` must return, or raise CemError with one line that can be shown; of a ConfigError each problem is a line.

    Raises AssertionError where a CemError's text is not so, and lets everything else that `read` raises through.
    """
    try:
        read(data)
    except CemError as error:
        for line in error.problems if isinstance(error, ConfigError) else [str(error)]:
            if not line or "\n" in line or "\r" in line or len(line) > LONGEST_LINE:
                raise AssertionError(f"not one line, but: {line[:300]!r}") from error


@dataclass(frozen=True)
class Kind:
    """What inputs of a parser look like: whole ones, words of its language, and names of fields where it reads JSON."""

    seeds: tuple[bytes, ...] = ()
    words: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def strategy(self) -> "SearchStrategy[bytes]":
        """Of hypothesis: words in any order, JSON with these fields, broken seeds, and any bytes."""
        from hypothesis import strategies as st

        ways: list[SearchStrategy[bytes]] = [st.binary(max_size=300)]
        if self.words:
            piece = st.one_of(st.sampled_from(self.words), st.text(max_size=8))
            ways.append(st.lists(piece, max_size=30).map(lambda found: "".join(found).encode("utf-8", "surrogatepass")))
        if self.fields:
            ways.append(st.lists(_json(self.fields), min_size=1, max_size=3).map(_as_lines))
        if self.seeds:
            ways.append(st.tuples(st.sampled_from(self.seeds), st.integers(0, 2**32)).map(lambda it: broken(*it)))
        return st.one_of(*ways)


def _json(fields: tuple[str, ...]) -> "SearchStrategy[Any]":
    from hypothesis import strategies as st

    leaf = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(fields)
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(fields), inner, max_size=len(fields))
        ),
        max_leaves=25,
    )


def _as_lines(values: list[Any]) -> bytes:
    return "\n".join(map(json.dumps, values)).encode()


def broken(seed: bytes, number: int) -> bytes:
    """`seed` with a few faults, the same for the same number: bytes that are others, gone, doubled, or moved."""
    chance = random.Random(number)  # noqa: S311 (guards nothing)
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        part = data[start : start + chance.choice((1, 1, 2, 4, 16, 200))]
        match chance.randrange(5):
            case 0:
                data[start : start + len(part)] = chance.randbytes(len(part))
            case 1:
                del data[start : start + len(part)]
            case 2:
                data[start:start] = part * chance.choice((1, 2, 20))
            case 3:
                data[start:start] = chance.choice(NASTY)
            case _:
                where = chance.randrange(len(data) + 1)
                data[where:where] = part
    return bytes(data)


NASTY = (
    b"\x00",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xed\xa0\x80",
    b"\r\n",
    b"\n",
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b'"',
    b"\\ud800",
    b"{}",
    b"[]",
    b"[" * 500,
    b"9" * 400,
    b"<",
    b">",
    b"&#0;",
    b"%",
    b"../",
    "\u202e".encode(),
)
