"""What one round did about its mistakes, put together from its stages' files."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cem_toolkit.leaks import Drop
from cem_toolkit.ledger.entries import Key, Lesson, PassageRef, RowRef
from cem_toolkit.ledger.files import found_names, lines_of, records_of
from cem_toolkit.ranking import in_turn
from cem_toolkit.records import Mistake, Passage, Row
from cem_toolkit.run import MISTAKES, PASSAGES, Round


@dataclass(slots=True)
class _Draft:
    """A lesson while the round's files are read. Holds no texts: there may be many thousand."""

    mistake: Mistake
    found: dict[str, list[tuple[float, str, PassageRef]]] = field(default_factory=dict)
    """By source: the sum of the hits' scores, passage id and passage."""
    weights: dict[str, float] = field(default_factory=dict)
    """Of the sources."""
    rows: list[RowRef] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)

    def lesson(self, number: int) -> Lesson:
        return Lesson(
            round=number,
            mistake_id=self.mistake.id,
            kind=self.mistake.kind,
            evidence=self.mistake.evidence,
            agreement=self.mistake.agreement,
            queries=self.mistake.queries,
            passages=tuple(
                replace(passage, rank=rank) for rank, passage in enumerate(in_turn(self.found, self.weights))
            ),
            rows=tuple(self.rows),
            drops=tuple(self.drops),
        )


def read_lessons(turn: Round, only: Container[Key] | None = None) -> dict[Key, Lesson]:
    """The round's lessons by question; of those in `only` where it is given. Reads every file once."""
    drafts = {
        mistake.id: _Draft(mistake)
        for mistake in records_of(turn, Mistake, *MISTAKES)
        if only is None or (mistake.task, mistake.attempt_id) in only
    }
    served = _add_passages(turn, drafts)
    asked: dict[str, list[_Draft]] = {}
    for draft in drafts.values():
        asked.setdefault(draft.mistake.attempt_id, []).append(draft)
    _add_drops(turn, drafts, asked)
    _add_rows(turn, {**asked, **served, **{key: [draft] for key, draft in drafts.items()}})
    return {(d.mistake.task, d.mistake.attempt_id): d.lesson(turn.number) for d in drafts.values()}


def _add_passages(turn: Round, drafts: dict[str, _Draft]) -> dict[str, list[_Draft]]:
    """Returns the drafts that each passage serves."""
    served: dict[str, list[_Draft]] = {}
    for passage in lines_of(turn, Passage, *PASSAGES):
        for mistake_id, hits in _hits_by_mistake(passage, drafts).items():
            flips = next((hit["flips"] for hit in hits if hit.get("flips") is not None), None)
            page = PassageRef(passage["id"], passage["title"], passage["source"], passage.get("url", ""), flips, 0)
            scored = (sum(hit["score"] for hit in hits), page.id, page)
            drafts[mistake_id].weights[page.source] = passage.get("weight", 1.0)
            drafts[mistake_id].found.setdefault(page.source, []).append(scored)
            served.setdefault(page.id, []).append(drafts[mistake_id])
    return served


def _hits_by_mistake(passage: Mapping[str, Any], drafts: Mapping[str, _Draft]) -> dict[str, list[dict[str, Any]]]:
    hits: dict[str, list[dict[str, Any]]] = {}
    for hit in passage["hits"]:
        if hit["mistake_id"] in drafts:
            hits.setdefault(hit["mistake_id"], []).append(hit)
    return hits


def _add_drops(turn: Round, drafts: dict[str, _Draft], asked: dict[str, list[_Draft]]) -> None:
    dropped = {drop.id: drop for drop in records_of(turn, Drop, "guard/dropped.jsonl")}
    if dropped:  # a drop alone does not say for which mistakes its passage was found
        for name in found_names(turn):
            for passage in lines_of(turn, Passage, name):
                if drop := dropped.pop(passage["id"], None):
                    for mistake_id in _hits_by_mistake(passage, drafts):
                        drafts[mistake_id].drops.append(drop)
    for drop in records_of(turn, Drop, "mix/dropped.jsonl"):
        for draft in asked.get(drop.question_id, ()):
            draft.drops.append(drop)


def _add_rows(turn: Round, made_of: dict[str, list[_Draft]]) -> None:
    """`made_of` are drafts by the parents that lead to them."""
    for row in lines_of(turn, Row, "mix/rows.jsonl"):
        reference = RowRef(row["id"], row["kind"])
        causes = {id(draft): draft for parent in row["parents"] for draft in made_of.get(parent, ())}
        for draft in causes.values():
            draft.rows.append(reference)
