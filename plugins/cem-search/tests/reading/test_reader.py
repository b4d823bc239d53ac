"""Pages become text in a child process, whatever they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_search.fetching.failures import RefusedError
from cem_search.fetching.fetcher import Fetched
from cem_search.reading.reader import Reader
from cem_toolkit.api import CemError

CHAD = "Chad is a landlocked country in Central Africa, and its capital is the city of N'Djamena on the Chari."


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(30.0)
    yield reader
    reader.close()


def page(body: str | bytes, type: str = "text/html", charset: str = "", url: str = "https://a.test/x") -> Fetched:
    return Fetched(url, type, charset, body.encode() if isinstance(body, str) else body)


def test_what_a_page_states(reader: Reader, web: Any) -> None:
    head = (
        '<meta property="article:published_time" content="2024-03-02T10:00:00Z">'
        '<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'
    )
    foot = '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA</a>'
    text = reader.read(page(web.article(CHAD, foot, head=head, lang="en-GB")))
    assert (text.title, text.date, text.licence, text.language) == ("Chad", "2024-03-02", "CC BY-SA 4.0", "en-gb")
    assert CHAD in text.text
    assert "<" not in text.text


def test_a_date_in_the_text_is_not_the_page_s(reader: Reader, web: Any) -> None:
    text = reader.read(page(web.article(CHAD, "On 11 August 1960, or 1960-08-11, Chad became independent.")))
    assert (text.date, text.licence) == ("", "")


HIDDEN = [
    "<div style='display: none'>secret</div>", "<p style='VISIBILITY:hidden;color:red'>secret</p>",
    "<p hidden>secret</p>", "<span aria-hidden='true'>secret</span>", "<p style='font-size:0px'>secret</p>",
    "<p style='opacity:0'>secret</p>",
    "<p style='position:absolute;left:-9999px'>secret</p>", "<!-- secret -->", "<script>secret()</script>",
    "<style>.secret{}</style>", "<noscript>secret</noscript>", "<template><p>secret</p></template>",
    "<iframe>secret</iframe>", "<svg><text>secret</text></svg>", "<script type='application/ld+json'>"
    '{"@type": "Article", "articleBody": "secret secret secret secret secret secret secret secret secret"}</script>',
]  # fmt: skip


def test_hidden_text_is_not_taken(reader: Reader, web: Any) -> None:
    paragraphs = [each for number, hidden in enumerate(HIDDEN) for each in (hidden, f"Sentence {number}. {CHAD}")]
    text = reader.read(page(web.article(*paragraphs))).text
    assert "secret" not in text
    assert all(f"Sentence {number}." in text for number in range(len(HIDDEN)))


def test_text_behind_what_is_hidden_stays(reader: Reader, web: Any) -> None:
    text = reader.read(page(web.article(f"Before <span hidden>secret</span>after. {CHAD}"))).text
    assert "Before after." in text


SENTENCE = (
    "Ägypten liegt größtenteils in Afrika, und seine Hauptstadt heißt Kairo. Der Nil fließt durch das ganze Land."
)
RUSSIAN = "Столица Чада — город Нджамена. Чад не имеет выхода к морю и лежит в Центральной Африке, к югу от Ливии."


@pytest.mark.parametrize(
    ("text", "encoding", "header", "meta"),
    [
        (SENTENCE, "utf-8", "utf-8", ""), (SENTENCE, "utf-8", "", ""), (SENTENCE, "utf-8-sig", "iso-8859-1", ""),
        (SENTENCE, "iso-8859-1", "iso-8859-1", ""), (SENTENCE, "cp1252", "", "windows-1252"),
        (SENTENCE, "utf-16", "", ""), (RUSSIAN, "koi8-r", "", "koi8-r"), (RUSSIAN, "cp1251", "", ""),
        (SENTENCE, "utf-8", "punycode", "zip"), (SENTENCE, "utf-8", "x" * 500, "no-such-thing"),
    ],
)  # fmt: skip
def test_encodings(reader: Reader, web: Any, text: str, encoding: str, header: str, meta: str) -> None:
    head = f'<meta charset="{meta}">' if meta else ""
    body = web.article(*[text] * 5, head=head).encode(encoding, "replace")
    assert text.replace("—", "?") in reader.read(page(body, charset=header)).text.replace("—", "?")


@pytest.mark.parametrize("header", ["utf-8", "utf-16", "shift_jis", "ascii", "idna", "unicode_escape", "hex", "\x00"])
def test_wrong_encodings_never_crash(reader: Reader, web: Any, header: str) -> None:
    body = web.article(*["Caf\xe9 cr\xe8me, gar\xe7on! " + CHAD] * 3).encode("latin-1")
    assert "N'Djamena" in reader.read(page(body, charset=header)).text


def test_plain_text(reader: Reader) -> None:
    text = reader.read(page(b"Chad\nis <b>dry</b>.", "text/plain", url="https://a.test/notes/About%20Chad.txt"))
    assert (text.title, text.text) == ("About Chad.txt", "Chad\nis <b>dry</b>.")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"   ", b"\x00" * 1000, b"\xff" * 1000, b"<", b"<html", b"<" * 100_000, b"<!DOCTYPE html>", b"<?xml?>",
        b"<html><body></body></html>", b"<p>" + b"&" * 100_000, b"<!--" * 10_000, b"%PDF-1.7", bytes(range(256)) * 40,
        b"<html><body><script>" + b"x" * 100_000, b"<html/>" * 999, b"<div>" * 100_000, b"<b><i>" * 50_000 + b"x",
        b"<table><tr><td>" * 10_000, b"<p title='" + b"a" * 1_000_000 + b"'>x",
    ],
)  # fmt: skip
def test_broken_pages_are_refused_or_read(reader: Reader, body: bytes) -> None:
    try:
        assert reader.read(page(body)).text
    except RefusedError as error:
        assert error.kind in ("no text", "unreadable")


@pytest.mark.parametrize("control", ["\x01", "\x0b", "&#1;", "&#x1f;", "&#0000000000011", "&#xD800;", "\uffff"])
def test_a_control_character_costs_no_page_its_text(reader: Reader, web: Any, control: str) -> None:
    """Such as a vertical tab in a heading, which word processors leave."""
    heading = f'<h1 a{control}b="{control}" title="{control}">{control}'
    found = reader.read(page(web.article(f"{CHAD}{control}").replace("<h1>", heading)))
    assert CHAD in found.text


def test_other_references_are_read(reader: Reader, web: Any) -> None:
    assert f"Zaïre — {CHAD} 🐘" in reader.read(page(web.article(f"Za&#xEF;re &#8212 {CHAD} &#x1F418;"))).text


def test_deep_pages_are_read_as_deep_as_the_parser_goes(reader: Reader, web: Any) -> None:
    body = web.article(*[CHAD] * 5).replace("</body>", "<div>" * 100_000 + "deep" + "</body>")
    assert CHAD in reader.read(page(body)).text


def test_pages_of_too_many_elements_are_refused(reader: Reader) -> None:
    with pytest.raises(RefusedError, match="more than 50000 elements"):
        reader.read(page("<table>" + "<tr><td>x</td></tr>" * 30_000))


@pytest.mark.parametrize("meta", ['name="robots" content="index, NOAI"', 'name="tdm-reservation" content="1"'])
def test_pages_may_reserve_themselves(reader: Reader, web: Any, meta: str) -> None:
    with pytest.raises(RefusedError, match="reserved by the site"):
        reader.read(page(web.article(*[CHAD] * 3, head=f"<meta {meta}>")))


def test_a_page_that_takes_too_long_ends_its_process_and_nothing_else(web: Any) -> None:
    reader = Reader(30.0)
    assert CHAD in reader.read(page(web.article(CHAD))).text
    reader._seconds = 0.2
    with pytest.raises(RefusedError, match=r"could not be found within 0\.2 s"):
        reader.read(page("<p>a <b>few</b> words here in it" * 12_000))
    reader._seconds = 30.0
    assert CHAD in reader.read(page(web.article(CHAD))).text
    reader.close()
    reader.close()


def test_a_reader_that_cannot_start_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "trafilatura.py").write_text("raise ImportError('broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    with pytest.raises(CemError, match=r"does not start; see what it says: .* -m cem_search\.reading\.child"):
        Reader(1.0).read(page("x"))
