"""What plugins return, checked before the core goes on with it."""

from collections.abc import Iterable
from typing import TypeVar

from cem_toolkit.errors import CemError
from cem_toolkit.records import Record

R = TypeVar("R", bound=Record)


def accept(who: str, cls: type[R], given: Iterable[R]) -> list[R]:
    """The records that the component `who` gives.

    Raises CemError where one is no `cls`, or a field of one is not of its type: a later stage would stumble over it,
    and say nothing of who made it.
    """
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise CemError(f"{who}: gives a {type(given).__name__}, where {cls.__name__} records are due")
    accepted: list[R] = []
    for record in given:
        if not isinstance(record, cls):
            raise CemError(f"{who}: gives a {type(record).__name__}, where a {cls.__name__} record is due")
        try:
            record.check()
        except CemError as error:
            raise CemError(f"{who}: {error}") from None
        accepted.append(record)
    return accepted
