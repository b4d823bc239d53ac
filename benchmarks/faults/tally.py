"""Counts tries by fault."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from outcome import Outcome


@dataclass
class Tally:
    """Of one family."""

    family: str
    _tried: dict[str, list[str]] = field(default_factory=dict)
    _notes: dict[str, str] = field(default_factory=dict)

    def add(self, fault: str, wrong: Iterable[str]) -> str:
        """Counts one try of `fault`; what was `wrong` with it, if anything. Returns a line about it."""
        found = list(wrong)
        told = f"{found[0]} ({len(found)} in all)" if len(found) > 1 else "".join(found)
        self._tried.setdefault(fault, []).append(told)
        return f"{self.family}: {fault}: {told or 'well'}"

    def skip(self, fault: str, why: str) -> None:
        """The machine cannot make `fault`."""
        self._tried.setdefault(fault, [])
        self._notes[fault] = why

    def outcomes(self) -> Iterator[Outcome]:
        for fault, tries in self._tried.items():
            lost = [told for told in tries if told]
            note = lost[0] if lost else self._notes.get(fault, "")
            yield Outcome(self.family, fault, len(tries), len(tries) - len(lost), len(lost), note)
