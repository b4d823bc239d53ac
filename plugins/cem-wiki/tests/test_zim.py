"""The backend `zim`, on real ZIM files."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cem_toolkit.api import CemError
from cem_wiki.options import WikiOptions
from cem_wiki.zim.metadata import Addresses, language_code
from cem_wiki.zim.page_text import introduction, whole_text

CHAD = """<!DOCTYPE html><html><head><title>Chad</title><style>p {color: red}</style>
<script>document.write("<p>scripted</p>")</script></head><body><h1 id="titleHeading">Chad</h1>
<div class="hatnote">Not to be confused with a name.</div><span id="coordinates">15°N 19°E</span>
<table class="infobox"><tr><th>Capital</th><td>boxed</td></tr></table>
<p>Chad is a <b>landlocked</b> <a href="Country">country</a><sup class="reference">[1]</sup> in
Africa &amp; has<br/>deserts. <span style="display: none">hidden</span></p>
<ul><li>north: Sahara<ul><li>sand</li></ul></li><li>south: savanna</li></ul>
<details data-level="2"><summary><h2 id="History">History</h2><span class="mw-editsection">edit</span></summary>
<p>The Sao came first.</p><div class="reflist"><ol class="references"><li>A note</li></ol></div></details>
<nav>Menu</nav></body></html>"""
PAGES = {
    "Chad": CHAD,
    "N'Djamena": "<p>The capital and largest city of Chad.</p>",
    "Republic of Chad": "-> Chad",
    "Empty": "<html><body><table><tr><td>x</td></tr></table></body></html>",
    "Lake Chad": "<p>A lake.</p>",
}


@pytest.fixture
def desk(whole: Any, wikis: Any, tmp_path: Path) -> Any:
    others = [("style.css", "text/css", b"p {}"), ("a.png", "image/png", b"\x89PNG"), ("b.txt", "text/plain", b"Chad")]
    wikis.write_zim(tmp_path / "wiki.zim", PAGES, others=others)
    whole.defaults = {"backend": "zim", "data": "wiki.zim"}
    return whole


def test_pages_are_found_and_say_where_they_are_from(desk: Any) -> None:
    passage = desk.retrieve(["republic of chad"], top_k=1)[0]
    assert passage.title == "Chad"
    assert passage.text == (
        "Chad is a landlocked country in Africa & has\ndeserts.\nnorth: Sahara\nsand\nsouth: savanna"
    )
    assert passage.url == "https://en.wikipedia.org/wiki/Chad"
    assert (passage.revision, passage.licence) == ("wikipedia_en_test_maxi 2026-10-01", "CC-BY-SA-4.0")
    assert [each.title for each in desk.retrieve(["largest city"], ["a lake"])] == ["N'Djamena", "Lake Chad"]
    assert desk.retrieve(["largest city"])[0].url == "https://en.wikipedia.org/wiki/N%27Djamena"


def test_whole_pages_are_another_index(desk: Any) -> None:
    assert desk.retrieve(["Sao"]) == []
    passage = desk.retrieve(["Sao"], whole_pages=True)[0]
    assert passage.text.endswith("savanna\nHistory\nThe Sao came first.")


def test_random_pages_and_all_pages(desk: Any) -> None:
    titles = {"Chad", "N'Djamena", "Lake Chad"}
    assert {passage.title for passage in desk.sample(9)} == titles
    assert desk.sample(2) == desk.sample(2)
    assert [passage.title for passage in desk.source().documents(desk.ctx)] == ["Chad", "Lake Chad", "N'Djamena"]


def test_the_index_is_built_once_and_with_a_bar(desk: Any, tmp_path: Path) -> None:
    first = desk.retrieve(["Chad"])
    times = {file: file.stat().st_mtime_ns for file in desk.cache.rglob("*") if file.suffix != ".lock"}
    assert desk.retrieve(["Chad"]) == first
    assert {file: file.stat().st_mtime_ns for file in desk.cache.rglob("*") if file.suffix != ".lock"} == times


@pytest.mark.parametrize("kept", [0, 10, 80, 500, -20])
def test_a_file_that_is_cut_off_or_no_zim_is_one_line(desk: Any, tmp_path: Path, kept: int) -> None:
    file = tmp_path / "wiki.zim"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(CemError, match=r"wiki\.zim is no ZIM file, or broken: .*; download it again") as caught:
        desk.source().check(desk.ctx)
    assert "\n" not in str(caught.value)


def test_a_broken_cluster_is_one_line(desk: Any, tmp_path: Path, wikis: Any) -> None:
    """Where texts are compressed, every byte counts."""
    many = {f"Page {number}": f"<p>Text {number} {number**7} {number**9}</p>" for number in range(2000)}
    file = wikis.write_zim(tmp_path / "many.zim", many)
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 8, len(data) // 8 + 200):
        data[at] ^= 255
    file.write_bytes(data)
    with pytest.raises(CemError, match=r"many\.zim is no ZIM file, or broken"):
        desk.retrieve(["Page 5"], data="many.zim")


def test_what_is_missing_is_named(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CemError, match=r"nowhere\.zim is not a file"):
        desk.source(data="nowhere.zim").check(desk.ctx)
    with pytest.raises(ValidationError, match="backend: zim wants the option data"):
        WikiOptions(backend="zim")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CemError, match=r"needs libzim and lxml and cem_index: pip install 'cem-wiki\[zim\]'"):
        desk.source().check(desk.ctx)


def test_the_fingerprint_is_that_of_the_file(desk: Any, wikis: Any, tmp_path: Path) -> None:
    before = desk.source().fingerprint(desk.ctx)
    assert before == desk.source().fingerprint(desk.ctx) != desk.source(whole_pages=True).fingerprint(desk.ctx)
    (tmp_path / "wiki.zim").unlink()
    wikis.write_zim(tmp_path / "wiki.zim", PAGES | {"Chad": "<p>Other</p>"})
    assert desk.source().fingerprint(desk.ctx) != before


def test_the_language_is_the_files_own(desk: Any, wikis: Any, tmp_path: Path) -> None:
    french = wikis.METADATA | {"Language": "fra", "Name": "wikipedia_fr_test"}
    wikis.write_zim(tmp_path / "fr.zim", {"Égypte": "<p>Les capitales</p>"}, french)
    passage = desk.retrieve(["capitale"], data="fr.zim")[0]
    assert passage.url == "https://fr.wikipedia.org/wiki/%C3%89gypte"
    assert desk.retrieve(["les"], data="fr.zim") == [] != desk.retrieve(["les"], data="fr.zim", language="en")
    assert [language_code(told) for told in ("eng", "deu,fra", "fr", "xyz", "")] == ["en", "de", "fr", "", ""]


@pytest.mark.parametrize(
    ("told", "path", "url"),
    [
        ({"Name": "wikivoyage_de_all"}, "A b/c?", "https://de.wikivoyage.org/wiki/A_b/c%3F"),
        ({"Name": "wikipedia_en_all"}, "A/Old_form", "https://en.wikipedia.org/wiki/Old_form"),
        ({"Name": "x", "Scraper": "zimit 2.0"}, "example.org/a?b=c d", "https://example.org/a?b=c%20d"),
        ({"Name": "x", "Source": "https://example.org/"}, "a", "https://example.org/"),
        ({"Name": "x", "Source": "javascript:alert(1)"}, "a", ""),
        ({}, "a", ""),
    ],
)
def test_addresses(told: dict[str, str], path: str, url: str) -> None:
    assert Addresses(told).find(path) == url


HOSTILE = {
    "deep": (b"<p>start</p>" + b"<div><b>" * 100_000 + b"deep", "start"),
    "huge": (b"<p>" + b"word " * 4_000_000, "word"),
    "broken": (b"<p>a<b>b</p>c<table><p>x</tr></table><li>d</ul></b><p", "a"),
    "attributes": (b"<p>a" + b"<p a='" * 100_000, "a"),
    "encoding": ("<p>caf\u00e9 \U0001f600</p>".encode("utf-16"), ""),
    "latin": ("<p>café</p>".encode("latin-1"), "caf\ufffd"),
    "control": (b"<p>a\x00b\x1b</p>", "a"),
    "entities": (b'<!DOCTYPE html [<!ENTITY a "bomb"><!ENTITY b "&a;&a;">]><p>&b; safe</p>', ""),
    "nothing": (b"", ""),
    "script": (b"<SCRIPT >alert(1)</script ><p onclick='x()'>text<script>more</p>", "text"),
    "text alone": (b"no tags", "no tags"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_for_what_they_hold(name: str) -> None:
    html, begins = HOSTILE[name]
    for convert in (introduction, whole_text):
        text = convert(html)
        assert text.startswith(begins)
        assert "alert" not in text and "bombbomb" not in text and "<p" not in text


def test_encodings() -> None:
    assert whole_text("<p>café</p>".encode("latin-1"), "iso-8859-1") == "café"
    assert whole_text("<p>café</p>".encode(), "no-such-code") == "café"


def test_an_introduction_may_stand_behind_a_table_with_headings() -> None:
    assert introduction(b"<table><h2>Box</h2></table><p>Text.</p><h2>More</h2><p>No.</p>") == "Text."
    assert introduction(b"<h2>One</h2><p>Text.</p>") == "One\nText."
