"""Examples in the documents are run: Python against a finished run, commands against the command line's own rules."""

import importlib
import json
import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
import yaml

from cem_toolkit.cli import cli
from cem_toolkit.cli.summary_tables import print_summary
from cem_toolkit.config import merge, resolve
from cem_toolkit.plugins import discover
from conftest import Evolve

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *ROOT.glob("plugins/*/*.md"),
    *ROOT.glob("examples/*/*.md"),
]
FOLLOWED = {ROOT / "docs" / "tutorial.md", *(ROOT / "docs" / "cookbook").glob("*.md")}
"""Pages whose blocks belong together: test_tutorial.py and test_cookbook.py run them."""
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(language, options.split(), text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (language, options, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
    if language in (("sh",) if page in FOLLOWED else ("python", "sh", "yaml"))
]


@pytest.mark.parametrize(("language", "options", "text"), BLOCKS)
def test_block(
    language: str, options: list[str], text: str, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if language == "python":
        code = compile(text, "a document", "exec")
        if "no-run" not in options:
            evolve()  # `runs/latest` for the example to read
            monkeypatch.chdir(tmp_path)
            exec(code, {"__name__": "example"})  # noqa: S102
    elif language == "yaml":
        values = merge({"model": "m", "tasks": ["t"]}, yaml.safe_load(text))
        resolve(values, discover(), "a document")
    else:
        for line in text.replace("\\\n", " ").splitlines():
            command = shlex.split(line, comments=True)
            if command[:1] == ["cem-toolkit"]:
                _parse(command[1:])


def _parse(arguments: list[str]) -> None:
    """Has click check a command line without running it."""
    if not arguments or arguments[0].startswith("-"):
        return
    context = click.Context(cli, info_name="cem-toolkit")
    command = cli.get_command(context, arguments[0])
    assert command, f"no command {arguments[0]}"
    command.make_context(arguments[0], arguments[1:], parent=context)


def test_the_readme_shows_the_demo_as_it_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    measured = json.loads((ROOT / "benchmarks" / "results" / "demo.json").read_text(encoding="utf-8"))
    print_summary(measured["summary"])
    shown = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_is_said_of_servers_is_what_was_measured() -> None:
    file = ROOT / "benchmarks" / "results" / "server_answers.json"
    (measured,) = json.loads(file.read_text(encoding="utf-8"))["servers"].values()
    said = (
        f"{measured['equal_answers']} of {measured['questions']} answers are equal, and log-likelihoods differ by "
        f"{measured['largest_score_difference_nats']:.2g} nats at most"
    )
    page = (ROOT / "docs" / "cluster" / "evaluation.md").read_text(encoding="utf-8")
    assert said in " ".join(page.split())


def test_the_table_of_speeds_is_the_one_that_was_measured() -> None:
    bench = runpy.run_path(str(ROOT / "benchmarks" / "bench.py"))
    measured = json.loads((ROOT / "benchmarks" / "results" / "speed.json").read_text(encoding="utf-8"))
    assert bench["markdown"](bench["table"](measured)) in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def test_the_tables_and_pictures_of_what_was_learnt_are_those_that_were_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "learning"))
    results, plot = (importlib.import_module(name) for name in ("results", "plot"))
    page = results.PAGE.read_text(encoding="utf-8")
    assert set(results.MARKED.findall(page)) == set(results.TABLES)
    assert results.filled(page) == page
    for name, draw in plot.PICTURES.items():
        assert draw(plot.read(plot.FILES)) == (ROOT / "docs" / "images" / name).read_text(encoding="utf-8"), name


def test_the_tables_of_recall_are_those_that_were_measured() -> None:
    recall = runpy.run_path(str(ROOT / "benchmarks" / "wiki_recall.py"))
    measured = json.loads((ROOT / "benchmarks" / "results" / "wiki_recall.json").read_text(encoding="utf-8"))
    told = (ROOT / "plugins" / "cem-wiki" / "README.md").read_text(encoding="utf-8")
    assert recall["table"](measured) in told
    assert recall["gains"](measured) in told


def test_the_tables_of_the_index_of_dumps_and_of_embeddings_are_those_that_were_measured() -> None:
    for name, page in (("index", "cem-index"), ("dump", "cem-wiki"), ("embeddings", "cem-embeddings")):
        script = runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"))
        measured = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
        told = (ROOT / "plugins" / page / "README.md").read_text(encoding="utf-8")
        assert script["table"](measured) in told


def test_what_an_index_needs_and_how_fast_documents_are_read_is_what_was_measured() -> None:
    for name, page in (("index_confined", "cem-index"), ("docs_speed", "cem-docs")):
        script = runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"))
        measured = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
        told = (ROOT / "plugins" / page / "README.md").read_text(encoding="utf-8")
        assert script["told"](measured) in told


def test_the_table_of_faults_is_of_those_that_were_tried() -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "faults.py"))
    measured = json.loads((ROOT / "benchmarks" / "results" / "faults.json").read_text(encoding="utf-8"))
    assert measured["all"]["lost"] == 0
    assert measured["families"]["kill"]["tried"] >= 200
    assert script["table"](measured) in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def test_what_became_of_false_facts_is_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "poisoning.py"))
    measured = json.loads((ROOT / "benchmarks" / "results" / "poisoning.json").read_text(encoding="utf-8"))
    assert script["table"](measured) in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_plan_for_clusters_is_the_one_that_was_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "cluster"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "cluster_plan.py"))
    known = json.loads((ROOT / "benchmarks" / "results" / "cluster_plan.json").read_text(encoding="utf-8"))
    plans = {name: script["plan"](*parts, known["workload"]) for name, parts in script["PLANS"].items()}
    assert plans == known["plans"]
    assert script["tables"](known) in (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_the_tables_of_related_methods_are_those_that_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "related"))
    script = runpy.run_path(str(ROOT / "benchmarks" / "related" / "results.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    measured = {file.name for file in script["RESULTS"].glob("*.json")}
    assert measured <= set(script["read_all"]()), "every file has a place on the page"
    assert script["filled"](page) == page


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_the_table_of_passages_is_the_one_that_was_measured() -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "passages.py"))
    measured = json.loads((ROOT / "benchmarks" / "results" / "passages.json").read_text(encoding="utf-8"))
    assert script["table"](measured) in (ROOT / "docs" / "decisions" / "ray.md").read_text(encoding="utf-8")
