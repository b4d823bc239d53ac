"""What the engines answer to a search, whose form is theirs to break."""

from collections.abc import Mapping
from typing import Any

from cem_opensearch.failures import RefusedError, read_reason
from cem_toolkit.searching.polite import PASSING_STATUS, RequestError

Hit = Mapping[str, Any]
"""One document that was found."""


def name_of(hit: Hit) -> tuple[str, str]:
    """The index and the id of a document."""
    return str(hit.get("_index")), str(hit.get("_id"))


def sequence_number(hit: Hit) -> int:
    """Raises RequestError where it says none."""
    number = hit.get("_seq_no")
    if not isinstance(number, int):
        raise RequestError("the answer has no sequence numbers")
    return number


def read_hits(answer: Mapping[str, Any]) -> list[Hit]:
    """The documents of a search. Raises RequestError where there are none of that form."""
    outer = answer.get("hits")
    hits = outer.get("hits") if isinstance(outer, dict) else None
    if not isinstance(hits, list):
        raise RequestError("the answer holds no hits")
    return [hit for hit in hits if isinstance(hit, dict)]


def is_passing(answer: Any) -> bool:
    """Whether one search of several had no room at that moment."""
    return isinstance(answer, dict) and "error" in answer and answer.get("status") in PASSING_STATUS


def read_search(answer: Any) -> "list[Hit] | RequestError":
    """What one search of several found, or why it could not be asked."""
    if isinstance(answer, dict) and "error" in answer:
        status = answer.get("status")
        return RefusedError(status if isinstance(status, int) else 400, read_reason(answer))
    try:
        return read_hits(answer if isinstance(answer, dict) else {})
    except RequestError as error:
        return error
