"""What holds for the records of every role."""
# ruff: noqa: S101 (to assert is what it is for)

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cem_toolkit.errors import CemError
from cem_toolkit.records import Record


def check_records(records: Iterable[Any], cls: type[Record]) -> None:
    """Asserts that they are of `cls`, with values of the declared types that survive JSON, and each id once."""
    given = list(records)
    adapter = TypeAdapter(cls)
    for record in given:
        assert isinstance(record, cls), f"should be a {cls.__name__}: {record!r}"
        try:
            text = json.dumps(record.to_json(), allow_nan=False)
            adapter.validate_json(text, strict=True)
            read = cls.from_json(json.loads(text))
        except (TypeError, ValueError, CemError) as error:
            raise AssertionError(f"{cls.__name__} {record.id} is not JSON-safe: {said(error)}") from None
        assert read == record, f"{cls.__name__} {record.id} is another after writing and reading: {record} and {read}"
    twice = [key for key, count in Counter(record.id for record in given).items() if count > 1]
    assert not twice, f"{cls.__name__} ids that are given twice: {', '.join(twice[:3])} ({len(twice)} in all)"


def said(error: Exception) -> str:
    """The error in a line; of several problems the first."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def check_known(what: str, used: Iterable[str], given: Iterable[str]) -> None:
    """Asserts that records point only to what the component was given, as the core does."""
    strange = sorted(set(used) - set(given))
    assert not strange, f"names {what} that it was not given: {', '.join(strange[:3])} ({len(strange)} in all)"


def check_same(one: Any, other: Any, why: str) -> None:
    """Asserts that two results are equal, and says where they are not."""
    if one == other:
        return
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str):
        pairs = enumerate(zip(one, other, strict=False))
        where = next((f"record {index} is {a} and {b}" for index, (a, b) in pairs if a != b), "")
        raise AssertionError(f"{why}: {where or f'{len(one)} records and {len(other)}'}")
    raise AssertionError(f"{why}: {one} and {other}")
