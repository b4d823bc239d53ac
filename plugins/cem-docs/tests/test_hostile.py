"""Files that would crash, hang or fill memory: each is told by its kind, and the note beside it is read."""

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cem_docs.blocks import Block, Document, Skipped
from cem_docs.child import Child

ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{ENTITIES}]>'


def make_docx(**members: str) -> bytes:
    """A Word file in which some members are replaced."""
    import docx

    made, changed = io.BytesIO(), io.BytesIO()
    docx.Document().save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.get(Path(name).stem, old.read(name)))
    return changed.getvalue()


def make_pdf(text: str = "", lock: str | None = None) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from reportlab.pdfgen import canvas

    made, encrypted = io.BytesIO(), io.BytesIO()
    page = canvas.Canvas(made)
    page.drawString(72, 720, text)
    page.save()
    if lock is None:
        return made.getvalue()
    writer = PdfWriter(PdfReader(made))
    writer.encrypt(lock, owner_password="owner", algorithm="RC4-128")  # noqa: S106
    writer.write(encrypted)
    return encrypted.getvalue()


def body(text: str, declaration: str = "") -> str:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraph = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
    return f'{declaration}<w:document xmlns:w="{space}"><w:body>{paragraph}</w:body></w:document>'


CASES = {
    "bomb.docx": (lambda: make_docx(document=body("a" * 30_000_000)), "unsafe", "200 times its size"),
    "entities.docx": (lambda: make_docx(document=body("&a9;", BOMB)), "unsafe", "declares a document type"),
    "old.docx": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "encrypted", "old Office file"),
    "zip.xlsx": (lambda: b"PK\3\4 and no more", "broken", "is no Office file"),
    "deep.docx": (lambda: make_docx(document=body("<w:r>" * 5000 + "</w:r>" * 5000)), "broken", "XMLSyntaxError"),
    "cut.pdf": (lambda: make_pdf("All there")[:300], "broken", "Error"),
    "locked.pdf": (lambda: make_pdf("Secret", lock="pw"), "encrypted", "a password"),
    "scan.pdf": (make_pdf, "without text", "OCR"),
    "picture.txt": (lambda: bytes(range(256)) * 20, "binary", ""),
    "nul.txt": (lambda: b"Text with a NUL\0 in it, and more of it.", "binary", "NUL"),
    "deep.html": (lambda: b"<div>" * 100_000 + b"deep", "broken", "nested too deep"),
    "deep.md": (lambda: b">" * 20_000 + b" quoted", "broken", "nested too deep"),
    "empty.md": (lambda: b" \n", "without text", ""),
    "photo.jpeg": (lambda: b"\xff\xd8", "of a format that is not read", ".jpeg"),
    "line.txt": (lambda: b"word " * 800_000, "too large", "larger than 2 MB"),
    "wide.csv": (lambda: b"n" * 900_000 + b",m\n" + b"1,2\n" * 5, "broken", "field larger than field limit"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the report says of each of CASES, all of which lie in one folder beside a note."""
    from cem_docs.options import DocsOptions
    from cem_docs.source import Docs
    from cem_toolkit.testing import make_context

    folder = tmp_path_factory.mktemp("hostile")
    (folder / "docs").mkdir()
    (folder / "docs/note.txt").write_text("A note that is read.")
    for name, (make, _, _) in CASES.items():
        (folder / "docs" / name).write_bytes(make())
    ctx = make_context(folder)
    (passage,) = Docs(DocsOptions(paths=[Path("docs")], max_megabytes=2)).documents(ctx)
    assert passage.text == "A note that is read."
    report = (ctx.folder / "skipped.jsonl").read_text().splitlines()
    return {entry["file"]: entry for entry in map(json.loads, report)}


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_and_does_no_harm(told: dict[str, dict[str, str]], name: str) -> None:
    _, kind, reason = CASES[name]
    assert told[name]["kind"] == kind
    assert reason in told[name]["reason"]


def test_a_reader_that_hangs_or_wants_all_memory_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent.txt")
    (tmp_path / "note.txt").write_text("Still read.")
    with (tmp_path / "vast.txt").open("wb") as file:
        file.truncate(1 << 36)
    with contextlib.closing(Child(max_chars=1000, seconds=0.3)) as child:
        assert list(child.read("text", {"path": str(tmp_path / "silent.txt")})) == [
            Skipped("too slow", "takes longer than 0.3 s")
        ]
    with contextlib.closing(Child(max_chars=1000, seconds=60)) as child:
        (vast,) = child.read("text", {"path": str(tmp_path / "vast.txt")})
        assert vast == Skipped("too large", "wants more than 4 GB of memory")
        (note,) = child.read("text", {"path": str(tmp_path / "note.txt")})
        assert isinstance(note, Document)
        assert note.blocks == [Block((), "Still read.")]


def test_more_text_than_the_limit_is_too_large(desk: Any) -> None:
    desk.write("small.html", "<p>word</p>" * 2000)
    assert desk.skipped(max_megabytes=0.1) == []
    desk.write("growing.csv", "n" * 500 + ",m\n" + "1,2\n" * 5000)
    assert [line.partition(",")[0] for line in desk.skipped(max_megabytes=0.1)] == ["1 too large"]


def test_a_file_that_opens_without_a_password_is_read(desk: Any) -> None:
    desk.write("free.pdf", make_pdf("Free to read", lock=""))
    assert [passage.text for passage in desk.read()] == ["Free to read"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings_are_found_out(desk: Any, encoding: str) -> None:
    text = "L'employé a droit à vingt-cinq jours de congé. Où est le café ? Ça dépend."
    desk.write("fr.txt", text.encode(encoding))
    assert [passage.text for passage in desk.read()] == [text]


def test_a_declared_encoding_counts(desk: Any) -> None:
    desk.write("jp.html", '<meta charset="euc-jp"><p>東京</p>'.encode("euc-jp"))
    assert [passage.text for passage in desk.read()] == ["東京"]


def test_links_hidden_and_special_files_are_left_alone(desk: Any) -> None:
    outside = desk.folder / "secret"
    outside.mkdir()
    (outside / "key.txt").write_text("secret")
    (desk.docs / "out").symlink_to(outside)
    (desk.docs / "key.txt").symlink_to(outside / "key.txt")
    (desk.docs / "circle").symlink_to(desk.docs)
    desk.write(".git/config.txt", "hidden")
    os.mkfifo(desk.docs / "pipe.txt")
    assert sorted(desk.skipped()) == [
        "1 hidden, such as .git",
        "1 no regular files, such as pipe.txt",
        "3 symbolic links, such as circle",
    ]


def test_a_module_among_the_documents_is_not_run(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.docs)
    desk.write("chardet.py", "raise SystemExit('run')")
    desk.write("old.txt", "Où est le café ?".encode("latin-1"))
    assert [passage.text for passage in desk.read()] == ["Où est le café ?"]


def test_a_bad_row_costs_only_itself(desk: Any) -> None:
    rows = [
        '{"text": "One."}',
        "no JSON",
        '{"text": 7}',
        "[" * 100_000,
        '{"text": "' + "x" * 10_000_000 + '"}',
        '{"text": "Six."}',
    ]
    desk.write("rows.jsonl", "\n".join(rows))
    assert [(p.text, p.url) for p in desk.read()] == [("One.", "rows.jsonl#row=1"), ("Six.", "rows.jsonl#row=6")]
    assert sorted(line.partition(",")[0] for line in desk.log if "skipped" in line) == [
        "docs: skipped 1 rows too large",
        "docs: skipped 1 rows without text",
        "docs: skipped 2 rows that are no JSON",
    ]


def test_markdown_may_be_nested_deep(desk: Any) -> None:
    desk.write("deep.md", ">" * 40 + " quoted\n\n" + "- " * 40 + "item\n\nAfter all.\n\n" + "[" * 5000)
    assert "After all." in " ".join(passage.text for passage in desk.read())


def test_text_that_hides_what_it_says_is_cleaned(desk: Any) -> None:
    desk.write("bidi.md", "# Pay\u202eroll\n\nBell\x07 and \u202ereversed.")
    assert desk.told() == [("Payroll", "Bell and reversed.", "bidi.md")]


def test_names_of_files_may_be_anything(desk: Any) -> None:
    (desk.docs / os.fsdecode(b"caf\xe9\n \x1b[31m#.txt")).write_text("Coffee.")
    (desk.docs / os.fsdecode(b"\xff\x1b[2J\n.gif")).write_text("")
    (passage,) = desk.read()
    assert (passage.title, passage.url) == ("caf? [31m#", "caf%E9%0A%20%1B%5B31m%23.txt")
    assert desk.log[-1] == "docs: skipped 1 of a format that is not read, such as [2J .gif: .gif"
