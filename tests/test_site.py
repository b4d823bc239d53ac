"""The documentation's site is built as its readers get it."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "scripts"))
FETCHED = re.compile(r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*\shref=["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return importlib.import_module("build_site")


@pytest.fixture(scope="module")
def site(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    assert builder.build(folder) == 0
    return folder


def test_every_page_is_in_the_site(builder: ModuleType, site: Path) -> None:
    for page in builder.pages():
        html = builder.place(page).with_suffix(".html")
        html = html.with_name("index.html") if html.stem == "README" else html
        assert (site / html).is_file(), page.relative_to(ROOT)


def test_reading_it_fetches_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        found = FETCHED.search(page.read_text(encoding="utf-8"))
        assert not found, f"{page.relative_to(site)}: {found and found[0]}"


def test_search_works_from_disk(site: Path) -> None:
    assert "cem_register_sources" in (site / "search" / "search_index.js").read_text(encoding="utf-8")
    assert "iframe-worker.js" in (site / "index.html").read_text(encoding="utf-8")


def test_links_out_of_docs_lead_to_pages_of_the_site(site: Path) -> None:
    assert 'href="plugins/cem-wiki.html"' in (site / "readme.html").read_text(encoding="utf-8")
    assert 'href="benchmarks/results/learning.json"' in (site / "results.html").read_text(encoding="utf-8")
    assert (site / "benchmarks" / "results" / "learning.json").is_file()


def test_a_link_to_nothing_is_named_with_its_page(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[here](there.md)\n\n```text\n[no](link.md)\n```\n")
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "PLACES", {"docs/": ""})
    with pytest.raises(SystemExit, match=r"^docs/index\.md: the link there\.md leads to no file$"):
        builder.gather(tmp_path / "gathered")
