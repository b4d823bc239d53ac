"""Every format, written by what writes it in life."""

import datetime
import json
from typing import Any

import pytest


def test_markdown_keeps_its_headings(desk: Any) -> None:
    desk.write(
        "leave.md",
        "---\ntitle: Not this\n---\n# Leave policy\n\nEvery employee has *25* days.\n\n## Parental leave\n\n"
        "Sixteen weeks,\nfully paid.\n\n- mothers\n- fathers\n\n### Notice\n\n    cem leave --new\n\n"
        "| Country | Days |\n|---|---|\n| France | 25 |\n| Chad | 30 |\n",
    )
    assert desk.told() == [
        ("Leave policy", "Every employee has 25 days.", "leave.md"),
        ("Leave policy › Parental leave", "Sixteen weeks, fully paid.\n- mothers\n- fathers", "leave.md"),
        (
            "Leave policy › Parental leave › Notice",
            "cem leave --new\nCountry: France; Days: 25\nCountry: Chad; Days: 30",
            "leave.md",
        ),
    ]


def test_html_without_scripts_and_navigation(desk: Any) -> None:
    desk.write(
        "site/vpn.html",
        "<!DOCTYPE html><html><head><title>VPN - Wiki</title><style>p{}</style></head><body><nav>Home</nav>"
        "<h2 id='setup'>Set-up</h2><p>Ask the <b>help</b>desk<br>on floor 3.<script>steal()</script></p>"
        "<table><tr><th>Site</th><th>Host</th></tr><tr><td>Paris</td><td><p>vpn<i>1</i></p></td></tr></table>"
        "<h2>VPN</h2><p>It is slow.</p><h2>Faults</h2><div hidden>draft</div><ul><li><p>Restart.</p></li></ul>"
        "<pre>ping\n  -c 1</pre>"
        "&copy; 2026"
        "<!-- secret --></body></html>",
    )
    assert desk.told() == [
        ("VPN - Wiki › Set-up", "Ask the helpdesk\non floor 3.\nSite: Paris; Host: vpn1", "site/vpn.html#setup"),
        ("VPN - Wiki", "It is slow.", "site/vpn.html"),
        ("VPN - Wiki › Faults", "- Restart.\nping\n  -c 1\n© 2026", "site/vpn.html"),
    ]


def test_plain_text_joins_wrapped_lines_only(desk: Any) -> None:
    desk.write(
        "README",
        "The build server compiles every branch that is pushed to\nthe main repository.\n\nShort\nlines\n\n\nEnd.",
    )
    desk.write("notes.rst", "Title\n=====\n\nText.")
    assert desk.told() == [
        (
            "README",
            "The build server compiles every branch that is pushed to the main repository.\nShort\nlines\nEnd.",
            "README",
        ),
        ("notes", "Title\n=====\nText.", "notes.rst"),
    ]


def test_pdf_has_pages_and_bookmarks(desk: Any) -> None:
    from reportlab.pdfgen import canvas

    pdf = canvas.Canvas(str(desk.docs / "handbook.pdf"))
    pdf.setTitle("Staff handbook")
    pdf.drawString(72, 720, "Welcome to the company.")
    pdf.drawString(72, 700, "1. Travel")
    pdf.bookmarkPage("travel")
    pdf.addOutlineEntry("Travel", "travel", level=0)
    pdf.drawString(72, 680, "Trains are booked by the front desk, as well as reser-")
    pdf.drawString(72, 666, "vations of seats.")
    pdf.showPage()
    pdf.bookmarkPage("hotels")
    pdf.addOutlineEntry("Hotels", "hotels", level=1)
    pdf.drawString(72, 720, "Hotels cost 120 euros at most, a night, and the price of a")
    pdf.drawString(72, 706, "breakfast is paid in addition. Ask for the bill by name.")
    pdf.drawString(72, 692, "Keep it.")
    pdf.showPage()
    pdf.save()
    assert desk.told() == [
        ("Staff handbook", "Welcome to the company.", "handbook.pdf#page=1"),
        (
            "Staff handbook › Travel",
            "Trains are booked by the front desk, as well as reservations of seats.",
            "handbook.pdf#page=1",
        ),
        (
            "Staff handbook › Travel › Hotels",
            "Hotels cost 120 euros at most, a night, and the price of a breakfast is"
            " paid in addition. Ask for the bill by name. Keep it.",
            "handbook.pdf#page=2",
        ),
    ]


def test_word_has_headings_lists_and_tables(desk: Any) -> None:
    import docx

    word = docx.Document()
    word.add_heading("Security", 0)
    word.add_paragraph("Lock your screen.")
    word.add_heading("Badges", 1)
    word.add_paragraph("Wear it", style="List Bullet")
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("Colour", "Means", "Red", "Visitor"), strict=True):
        cell.text = text
    word.add_heading("Loss", 2)
    word.add_paragraph("Call 4711.").add_run(" At once.")
    word.save(desk.docs / "security.docx")
    assert desk.told() == [
        ("Security", "Lock your screen.", "security.docx"),
        ("Security › Badges", "- Wear it\nColour: Red; Means: Visitor", "security.docx"),
        ("Security › Badges › Loss", "Call 4711. At once.", "security.docx"),
    ]


def test_slides_have_titles_tables_and_notes(desk: Any) -> None:
    import pptx
    from pptx.util import Inches

    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text, first.placeholders[1].text = "Roadmap", "Beta in March\nRelease in May"
    first.notes_slide.notes_text_frame.text = "Say why May."
    second = show.slides.add_slide(show.slide_layouts[6])
    table = second.shapes.add_table(2, 2, 0, 0, Inches(4), Inches(2)).table
    for place, text in enumerate(("Team", "Lead", "Core", "Ada")):
        table.cell(place // 2, place % 2).text = text
    show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = "Thank you"
    show.save(desk.docs / "plan.pptx")
    assert desk.told() == [
        ("plan › Roadmap", "Beta in March\nRelease in May\nSay why May.", "plan.pptx#slide=1"),
        ("plan › Slide 2", "Team: Core; Lead: Ada", "plan.pptx#slide=2"),
        ("plan › Thank you", "Thank you", "plan.pptx#slide=3"),
    ]


def test_sheets_give_a_line_for_each_row(desk: Any) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Price list"
    for row in (("Plan", "Price", "Since"), ("Basic", 5.5, datetime.date(2026, 1, 2)), (), ("Pro", 20, None)):
        book.active.append(row)
    book.create_sheet("Rooms").append(["Blue room", 12])
    book.save(desk.docs / "facts.xlsx")
    assert desk.told() == [
        (
            "facts › Price list",
            "Plan: Basic; Price: 5.5; Since: 2026-01-02\nPlan: Pro; Price: 20",
            "facts.xlsx#sheet=Price%20list",
        ),
        ("facts › Rooms", "Blue room; 12", "facts.xlsx#sheet=Rooms"),
    ]


def test_csv_by_its_own_delimiter(desk: Any) -> None:
    desk.write("staff.csv", 'Name;Role\r\n"Ada; Countess";Lead\r\n\r\nBob;\r\n')
    assert desk.told() == [("staff", "Name: Ada; Countess; Role: Lead\nName: Bob", "staff.csv")]


ROWS = [
    {"body": "Chad is landlocked.", "name": "Chad", "link": "https://wiki.example/chad", "terms": "CC0"},
    {"body": "Mali is, too.", "name": None, "link": "javascript:alert(1)", "terms": None},
    {"body": "", "name": "Nothing", "link": None, "terms": None},
]
COLUMNS = {"text": "body", "title": "name", "url": "link", "licence": "terms"}


def as_jsonl(desk: Any) -> Any:
    return desk.write("rows.jsonl", "\n".join(map(json.dumps, ROWS)))


def as_parquet(desk: Any) -> Any:
    import pyarrow
    import pyarrow.parquet

    path = desk.docs / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("write", [as_jsonl, as_parquet])
def test_every_row_of_a_data_file_is_a_document(desk: Any, write: Any) -> None:
    name = write(desk).name
    passages = desk.read(columns=COLUMNS)
    assert [(p.title, p.text, p.url, p.licence) for p in passages] == [
        ("Chad", "Chad is landlocked.", "https://wiki.example/chad", "CC0"),
        ("rows", "Mali is, too.", f"{name}#row=2", "own documents"),
    ]
    assert any("1 rows without text, such as " + name + " (row=3)" in line for line in desk.log)


def test_datasets_streams_what_it_is_told(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(desk.folder / "hf"))
    dataset = {"path": "json", "files": [as_jsonl(desk)], "max_rows": 2}
    passages = desk.read(paths=[], dataset=dataset, columns=COLUMNS)
    assert [(p.title, p.text, p.url) for p in passages] == [
        ("Chad", "Chad is landlocked.", "https://wiki.example/chad"),
        ("rows", "Mali is, too.", "rows.jsonl#row=2"),
    ]
