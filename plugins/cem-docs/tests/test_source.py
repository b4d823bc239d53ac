"""The source as a run uses it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cem_docs.plugin import cem_register_sources
from cem_docs.source import Docs
from cem_toolkit.api import CemError, Source


def test_the_plugin_is_light() -> None:
    assert list(cem_register_sources()) == [Docs]
    assert issubclass(Docs, Source)
    code = "import sys, cem_docs.source; print([m for m in ('lxml', 'pypdf', 'docx', 'tantivy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"  # noqa: S603


def test_every_option_is_described() -> None:
    assert all(info.description for info in Docs.Options.model_fields.values())


def test_a_passage_is_found_with_where_it_is_from(desk: Any) -> None:
    desk.write("hr/leave.md", "# Leave\n\n## Parental leave\n\nSixteen weeks, fully paid.\n\n## Sick leave\n\nCall in.")
    desk.write("it/vpn.md", "# VPN\n\nAsk the helpdesk.")
    passage, *_ = desk.retrieve(["how many weeks are paid"], url="https://docs.example/")
    assert (passage.title, passage.text) == ("Leave › Parental leave", "Sixteen weeks, fully paid.")
    assert passage.url == "https://docs.example/hr/leave.md"
    assert (passage.source, passage.licence, len(passage.revision)) == ("docs", "own documents", 12)
    assert [hit.mistake_id for hit in passage.hits] == ["m0"]


def test_the_section_of_the_very_name_comes_first(desk: Any) -> None:
    desk.write("a.md", "# A\n\nSick leave, sick leave, sick leave.")
    desk.write("b.md", "# B\n\n## Sick leave\n\nCall in.\n\n## More\n\nNone.")
    assert desk.retrieve(["sick LEAVE"])[0].title == "B › Sick leave"


def test_a_changed_file_is_noticed_and_an_unchanged_one_is_not_read_again(desk: Any) -> None:
    desk.write("a.txt", "Old words.")
    before = desk.source().fingerprint(desk.ctx)
    desk.read()
    (desk.docs / "a.txt").touch()
    assert desk.source().fingerprint(desk.ctx) == before
    desk.log.clear()
    assert [passage.text for passage in desk.read()] == ["Old words."]
    assert desk.log == []
    desk.write("a.txt", "New words.")
    assert desk.source().fingerprint(desk.ctx) != before
    assert [passage.text for passage in desk.read()] == ["New words."]


def test_options_that_change_passages_change_the_fingerprint(desk: Any) -> None:
    desk.write("a.txt", "Words.")
    options: list[dict[str, Any]] = [{}, {"max_chars": 500}, {"language": "de"}, {"url": "https://x.example"}]
    assert len({desk.source(**changed).fingerprint(desk.ctx) for changed in options}) == len(options)
    assert desk.source(top_k=9).fingerprint(desk.ctx) == desk.source().fingerprint(desk.ctx)


def test_random_passages_are_the_same_by_the_seed(desk: Any) -> None:
    desk.write("a.jsonl", "".join(json.dumps({"text": f"Row {n}."}) + "\n" for n in range(100)))
    first = [passage.text for passage in desk.sample(5, seed=1)]
    assert (len(set(first)), first) == (5, [passage.text for passage in desk.sample(5, seed=1)])
    assert first != [passage.text for passage in desk.sample(5, seed=2)]


def test_files_are_chosen_as_git_does(desk: Any) -> None:
    for name in ("a.md", "b.txt", "drafts/c.md", "deep/d.md", "deep/drafts/e.md"):
        desk.write(name, f"Text of {name}.")
    assert [p.url for p in desk.read(include=["*.md"], exclude=["drafts/"])] == ["a.md", "deep/d.md"]
    assert [p.url for p in desk.read(exclude=["/deep/"])] == ["a.md", "b.txt", "drafts/c.md"]
    assert [p.url for p in desk.read(paths=[Path("docs/deep/d.md"), Path("docs/deep")])] == ["d.md", "drafts/e.md"]


def test_the_report_of_a_later_run_is_whole(desk: Any) -> None:
    desk.write("bad.docx", "no Word")
    assert desk.skipped() == desk.skipped()[:1]
    report = desk.ctx.folder / "skipped.jsonl"
    entry = json.loads(report.read_text())
    assert (entry["file"], entry["kind"]) == ("bad.docx", "broken")
    report.unlink()
    desk.read()
    assert json.loads(report.read_text()) == entry


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": []}, "docs: nothing to read: set paths: [FOLDER, FILE, …], or dataset"),
        ({"paths": [Path("nowhere")]}, "nowhere is no file or folder"),
        ({}, "docs: no file to read in docs: 1 of a format that is not read, such as a.jpeg: .jpeg"),
        ({"paths": [], "dataset": {"path": "json"}}, "docs: dataset: path: json needs files: [FILE, …]"),
        ({"paths": [], "dataset": {"path": "json", "files": [Path("x")]}}, "x is no file"),
        ({"exclude": ["!"]}, "docs: exclude: "),
    ],
)
def test_what_cannot_work_is_said_before_the_run(desk: Any, options: dict[str, Any], message: str) -> None:
    desk.write("a.jpeg", b"\xff")
    with pytest.raises(CemError) as raised:
        desk.source(**options).check(desk.ctx)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_library_is_named_with_the_file_and_the_command(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    desk.write("a/handbook.pdf", b"%PDF")
    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(CemError) as raised:
        desk.source().check(desk.ctx)
    assert str(raised.value) == (
        "docs: a/handbook.pdf: reading PDF needs pypdf: pip install 'cem-docs[pdf]' (or exclude: ['*.pdf'])"
    )


def test_documents_none_of_which_can_be_read_are_an_error(desk: Any) -> None:
    desk.write("bad.docx", "no Word")
    desk.source().check(desk.ctx)
    with pytest.raises(CemError, match=r"none of the documents could be read: 1 broken, such as bad\.docx"):
        desk.retrieve(["anything"])


def test_a_missing_column_is_said_with_those_that_there_are(desk: Any) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"body": ["x"]}), desk.docs / "rows.parquet")
    (line,) = desk.skipped()
    assert line.endswith("rows.parquet: has no column 'text' (set columns.text), only: body")


def test_building_goes_on_from_where_it_stood(desk: Any) -> None:
    from cem_docs.library import Library
    from cem_docs.skipped import Skips

    desk.write("a.jsonl", "".join(json.dumps({"text": f"Row {n}."}) + "\n" for n in range(10)))
    library = Library(desk.source().options, desk.ctx)
    whole = list(library.read("", Skips()))
    assert list(library.read(whole[3][1], Skips())) == whole[4:]
