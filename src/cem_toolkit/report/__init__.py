"""The report of a run: one page to decide by, a summary for a pull request, and cards for model and training set.

Imports jinja2: import this package only inside the functions that use it.
"""

from collections.abc import Iterable
from pathlib import Path

from cem_toolkit.files import replacing
from cem_toolkit.run import Run

FILES = ("report.html", "report.md", "model-card.md", "dataset-card.md", "ATTRIBUTION.md")
"""What `write_report` writes."""


def write_report(run: Run, folder: Path | None = None) -> Path:
    """Writes `FILES` into `folder`, by default the run's own, and returns the path of `report.html`.

    A run that is not finished is told as far as it went. Every file is written beside its place and renamed, so an
    older report stays whole until the new one is. Raises CemError where the run's files cannot be read.
    """
    from cem_toolkit.ledger import read_ledger
    from cem_toolkit.report.attribution import attribution, attribution_list
    from cem_toolkit.report.dataset_card import dataset_card
    from cem_toolkit.report.facts import Facts
    from cem_toolkit.report.markdown import pull_request
    from cem_toolkit.report.material import Material
    from cem_toolkit.report.model_card import model_card
    from cem_toolkit.report.page import render
    from cem_toolkit.report.questions import Questions

    facts = Facts(run, run.summary())
    material = Material()
    for turn in facts.turns:
        material.add(turn.record)
    questions = Questions(material)
    if run.start.stage("evaluate"):
        for entry in read_ledger(run):
            questions.add(entry)
    origins = attribution(facts.lineage)
    target = folder or run.folder
    target.mkdir(parents=True, exist_ok=True)
    _write(target / "report.html", render(facts, questions, origins))
    _write(target / "report.md", [pull_request(facts)])
    _write(target / "model-card.md", [model_card(facts, origins)])
    _write(target / "dataset-card.md", [dataset_card(facts, origins)])
    _write(target / "ATTRIBUTION.md", attribution_list(facts, origins))
    return target / "report.html"


def _write(path: Path, pieces: Iterable[str]) -> None:
    with replacing(path) as beside, beside.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(pieces)
