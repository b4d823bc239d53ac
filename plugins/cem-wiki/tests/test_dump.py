"""The backend `dump`, on dumps as MediaWiki writes them."""

import bz2
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError
from cem_wiki.dump.file import DumpFile
from cem_wiki.dump.wikitext import introduction, whole_text, without_notes
from cem_wiki.options import WikiOptions

CHAD = """{{Short description|Country}}
{{Infobox country
| capital = [[N'Djamena]]
| box = {{nested|boxed}}
}}
[[File:Flag.svg|thumb|The [[flag]] of Chad]]
'''Chad''' ({{IPA|x}}; {{lang|fr|Tchad}}), is a ''[[landlocked country|landlocked]]'' country<ref name="a">A
note</ref> of {{convert|1284000|km2|abbr=on}} in [[Africa]]&nbsp;&amp; has deserts.<!-- hidden --><ref name="b"/>

* [[Sahara]]
{| class="wikitable"
| tabled
|}
[[Category:Countries]][[fr:Tchad]][[:Category:Lakes]]
== History ==
The [https://example.org Sao] came first.
"""
PAGES = {
    "Chad": CHAD,
    "N'Djamena": "The capital and largest city of Chad.",
    "Republic of Chad": "-> Chad",
    "R & B <music>": "Rhythm &lt;i&gt; blues, written <page> and </page> by name.",
    "Bare": "{{empty}}",
    "Headed": "== One ==\nUnder a heading.\n== Two ==\nNo more.",
}
KINDS = ("wiki.xml", "wiki.xml.gz", "wiki.xml.bz2", "wiki.multi.bz2")
UNREAD = ("file", "image", "category")


@pytest.fixture
def desk(whole: Any, wikis: Any, tmp_path: Path) -> Any:
    wikis.write_dump(tmp_path / "wiki.multi.bz2", PAGES)
    whole.defaults = {"backend": "dump", "data": "wiki.multi.bz2"}
    return whole


def open_dump(path: Path, **options: Any) -> DumpFile:
    return DumpFile(path, WikiOptions(backend="dump", data=path, **options))


def test_pages_are_found_and_say_where_they_are_from(desk: Any) -> None:
    passage = desk.retrieve(["republic of chad"], top_k=1)[0]
    assert passage.title == "Chad"
    assert passage.text == (
        "Chad (Tchad), is a landlocked country of 1284000 km2 in Africa & has deserts.\nSahara\nCategory:Lakes"
    )
    assert passage.url == "https://en.wikipedia.org/wiki/Chad"
    assert (passage.revision, passage.licence) == ("1000", "CC BY-SA 4.0")
    found = {each.title: each for each in desk.retrieve(["largest city"], ["rhythm blues"], ["under heading"])}
    assert found["N'Djamena"].url == "https://en.wikipedia.org/wiki/N%27Djamena"
    assert found["R & B <music>"].text == "Rhythm <i> blues, written and by name."
    assert found["Headed"].text == "Under a heading."


def test_whole_pages_are_another_index(desk: Any) -> None:
    assert desk.retrieve(["Sao"]) == []
    assert desk.retrieve(["Sao"], whole_pages=True)[0].text.endswith("\nHistory\nThe Sao came first.")


def test_random_pages_and_all_pages(desk: Any) -> None:
    titles = ["Chad", "N'Djamena", "R & B <music>", "Headed"]
    assert [passage.title for passage in desk.source().documents(desk.ctx)] == titles
    assert {passage.title for passage in desk.sample(9)} == set(titles)


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_gives_the_same_and_reads_on_from_everywhere(tmp_path: Path, wikis: Any, kind: str) -> None:
    many = {f"Page {number}": f"Text {number} of ünïcode." for number in range(47)} | PAGES
    dump = open_dump(wikis.write_dump(tmp_path / kind, many))
    found = list(dump.documents(""))
    assert [each.title for each, _ in found] == [title for title in many if title != "Bare"]
    for number, (_, position) in enumerate(found):
        assert list(dump.documents(position)) == found[number + 1 :]
        assert 0 <= dump.reached(position) <= dump.size
    assert [dump.reached(position) for _, position in found] == sorted(dump.reached(position) for _, position in found)


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_pages_may_lie_across_streams(tmp_path: Path, wikis: Any, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr("cem_wiki.dump.streams.PIECE", piece)
    monkeypatch.setattr("cem_wiki.dump.streams.READ", 13 * piece)
    size = len(wikis.write_dump(tmp_path / "wiki.xml", PAGES).read_bytes())
    dump = open_dump(wikis.write_dump(tmp_path / "wiki.torn.bz2", PAGES, cut=range(5, size, 101)))
    found = [each for each, _ in dump.documents("")]
    assert [each.title for each in found] == [title for title in PAGES if title != "Bare"]
    for number, (_, position) in enumerate(list(dump.documents(""))):
        assert [each for each, _ in dump.documents(position)] == found[number + 1 :]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_one_line(desk: Any, wikis: Any, tmp_path: Path, kind: str, share: float) -> None:
    file = wikis.write_dump(tmp_path / kind, {f"Page {number}": f"Text {number**9}" for number in range(99)})
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(CemError, match=r"^wiki: .*wiki\.\S+ ?") as caught:
        desk.retrieve(["text"], data=kind)
    assert "\n" not in str(caught.value)


def test_a_stream_that_is_missing_at_the_end_is_noticed_before_anything_is_built(desk: Any, tmp_path: Path) -> None:
    file = tmp_path / "wiki.multi.bz2"
    data = file.read_bytes()
    file.write_bytes(data[: data.rfind(b"BZh9")])
    with pytest.raises(CemError, match=r"is cut off, for it does not end with </mediawiki>: download it again"):
        desk.source().check(desk.ctx)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cut off"),
        ("nothing </mediawiki>", "is not a MediaWiki export"),
        ("<html></html></mediawiki>", "is not a MediaWiki export"),
        ("<mediawiki><page><title>a</page></mediawiki>", "is not well-formed XML"),
        ("<mediawiki><page>&bomb;</page></mediawiki>", "is not well-formed XML"),
        ("<mediawiki><page><title>a</title></mediawiki>", "ends within a page"),
        (
            '<!DOCTYPE mediawiki [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><mediawiki><page>&b;</page></mediawiki>',
            "declares a document type",
        ),
        ('<mediawiki><page><!DOCTYPE x [<!ENTITY a "b">]>&a;</page></mediawiki>', "is not well-formed XML"),
        ("<mediawiki>" + "x" * (1 << 20) + "</mediawiki>", "no page"),
    ],
)
def test_what_is_no_dump_is_one_line(desk: Any, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bad.xml").write_text(content)
    with pytest.raises(CemError, match=said) as caught:
        desk.retrieve(["a"], data="bad.xml")
    assert str(tmp_path / "bad.xml") in str(caught.value) and "\n" not in str(caught.value)


def test_a_page_without_end_takes_bounded_memory(
    desk: Any, wikis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_wiki.dump.pages.MOST", 1 << 20)
    with (tmp_path / "bomb.xml.bz2").open("wb") as file:
        file.write(bz2.compress((wikis.HEAD + "<page>").encode()) + bz2.compress(b" " * (1 << 26)))
        file.write(bz2.compress(wikis.TAIL.encode()))
    with pytest.raises(CemError, match="is longer than 1 MiB: this is no dump of MediaWiki's"):
        desk.retrieve(["a"], data="bomb.xml.bz2")


def test_only_articles_are_taken(tmp_path: Path, wikis: Any) -> None:
    pages = "".join(
        wikis.page_xml(number, title, "Text.", space)
        for number, (title, space) in enumerate([("Talk:A", 1), ("Template:B", 10), ("C", 0), ("Category:D", 14)])
    )
    pages += wikis.page_xml(9, "Data", "Text.").replace("wikitext", "json")
    (tmp_path / "wiki.xml").write_text(wikis.HEAD + pages + wikis.TAIL)
    assert [each.title for each, _ in open_dump(tmp_path / "wiki.xml").documents("")] == ["C"]


def test_what_is_missing_is_named(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[[str], Any] = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "mwparserfromhell" else find(name))
    with pytest.raises(CemError, match=r"needs mwparserfromhell: pip install 'cem-wiki\[dump\]'"):
        desk.source().check(desk.ctx)


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("'''a''' ''b'' '''''c'''''", "a b c"),
        ("a<br>b<br />c", "a\nb\nc"),
        ("<nowiki>'''</nowiki> a {{x|{{y}}|z=[[q]]}} b", "a b"),
        ("[http://x.org label] [http://x.org] http://y.org", "label"),
        ("a [[B|'''b''']] [[C (d)|]] [[#Part|part]]", "a b part"),
        ("[[Image:x.png|thumb|a [[b]] c]] d [[file:y.jpg]]", "d"),
        ("{{convert|5|to|10|km|mi}} {{lang-fr|oui}} {{circa|1900}} {{nowrap|x y}}", "5 to 10 km oui c. 1900 x y"),
        ("a <math>x^2</math> b <gallery>File:x|y</gallery> c", "a b c"),
        ("a <ref>never closed", "a never closed"),
        ("a <!-- never closed", "a"),
        ("&lt;b&gt; &#8211; &nosuch;", "<b> – &nosuch;"),
        ("; term : meaning\n# one\n## two\n----\n", "term meaning\none\ntwo"),
        ("__NOTOC__ a", "a"),
    ],
)
def test_wikitext(wikitext: str, text: str) -> None:
    assert whole_text(wikitext, UNREAD) == text


@pytest.mark.parametrize(
    "piece",
    ["{{", "[[", "<ref>", "<!--", "<b>", "{|\n", "[[a|", "{{{", "'''''", "==a", "* ", "<ref", "[http://a ", "&#", "(,"],
)
def test_hostile_wikitext_is_read_in_bounded_time(piece: str) -> None:
    for text in ("Start. " + piece * (300_000 // len(piece)), "Start. " + piece * 400):
        found = introduction(text, UNREAD)
        assert not found or found.startswith("Start.")
    assert without_notes("a<ref>b</ref>c" * 10_000) == "ac" * 10_000
