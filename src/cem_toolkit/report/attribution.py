"""Whose text a model was trained on: source, licence, title, address and revision of all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cem_toolkit.report.facts import Facts, Turn
from cem_toolkit.report.markdown import escape
from cem_toolkit.report.material import read_passages, read_rows
from cem_toolkit.report.origin import model_name


@dataclass(frozen=True, order=True, slots=True)
class Work:
    title: str
    url: str
    revision: str


@dataclass
class Origin:
    """What came of one source under one licence."""

    source: str
    licence: str
    works: list[Work] = field(default_factory=list)
    """Sorted by title, each once."""


def attribution(turns: Iterable[Turn]) -> list[Origin]:
    """Of all passages that some row of these rounds was made from."""
    found: dict[tuple[str, str], set[Work]] = {}
    for turn in turns:
        used = {parent for row in read_rows(turn.record) for parent in row["parents"]}
        for passage in read_passages(turn.record):
            if passage["id"] in used:
                work = Work(passage["title"], passage.get("url", ""), passage.get("revision", ""))
                found.setdefault((passage["source"], passage["licence"]), set()).add(work)
    return [Origin(source, licence, sorted(works)) for (source, licence), works in sorted(found.items())]


def licences(facts: Facts, origins: list[Origin]) -> str:
    """What binds the model and its training set."""
    base = escape(model_name(facts))
    lines = [f"- The base model’s licence applies to this model as well: see {base}’s own terms."]
    lines += [
        f"- {escape(origin.source)}: {len(origin.works):,} works under {escape(origin.licence)}" for origin in origins
    ]
    lines.append("- Questions keep the licences of their tasks.")
    ending = (
        "Titles, addresses and revisions of all text trained on: `ATTRIBUTION.md`."
        if origins
        else "No retrieved text was trained on."
    )
    return "\n".join(lines) + f"\n\n{ending}"


def attribution_list(facts: Facts, origins: list[Origin]) -> Iterator[str]:
    """Every work that the model was trained on."""
    yield f"# Attribution: text that {escape(facts.run.name)} was trained on\n"
    if not origins:
        yield "\nNo retrieved text was trained on.\n"
    for origin in origins:
        yield f"\n## {escape(origin.source)}: {escape(origin.licence)}\n\n"
        yield "Passages were cut out of these works, and questions made from them.\n\n"
        for work in origin.works:
            address = f", <{_address(work.url)}>" if work.url.lower().startswith(("http://", "https://")) else ""
            revision = f", revision {escape(work.revision)}" if work.revision else ""
            yield f"- {escape(work.title)}{address}{revision}\n"


def _address(url: str) -> str:
    """`url` for an autolink, which spaces and angle brackets would end."""
    return "".join(f"%{ord(sign):02X}" if sign in "<>\"'` \\" or ord(sign) < 33 else sign for sign in url)
