"""What documents say about the code is what the code says: `make reference` brings them up to date."""

import difflib
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "scripts"))


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    return importlib.import_module("reference.pages")


def test_the_pages_made_from_the_code_are_up_to_date(reference: ModuleType) -> None:
    stale = []
    for page, wanted in reference.pages().items():
        found = page.read_text(encoding="utf-8") if page.is_file() else ""
        if found != wanted:
            lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), "now", "wanted", lineterm="", n=0)
            stale.append("\n".join([f"{page.relative_to(ROOT)}: is stale", *list(lines)[2:12]]))
    assert not stale, f"run `{reference.COMMAND}` and commit what it writes\n\n" + "\n\n".join(stale)


def test_no_page_tells_of_what_is_gone(reference: ModuleType) -> None:
    gone = [page.relative_to(ROOT).as_posix() for page in reference.gone(reference.pages())]
    assert not gone, f"nothing makes {', '.join(gone)} any more: run `{reference.COMMAND}`"


def test_the_code_describes_all_that_the_reference_tells(reference: ModuleType) -> None:
    gaps = list(reference.gaps())
    assert not gaps, "\n".join(gaps)


def test_every_plugin_with_options_has_their_table_in_its_readme(reference: ModuleType) -> None:
    components = importlib.import_module("reference.components")
    marked = {
        found
        for page in ROOT.glob("plugins/*/README.md")
        for found in reference.MARKED.findall(page.read_text(encoding="utf-8"))
    }
    wanted = {
        (each.role, each.cls.name)
        for each in components.bundled()
        if not each.distribution.startswith("cem-toolkit ") and each.cls.Options.model_fields
    }
    missing = [f"`<!-- options: {role} {name} -->` and `<!-- end -->`" for role, name in sorted(wanted - marked)]
    assert not missing, f"a plugin's README lacks {' and '.join(missing)}; then run `{reference.COMMAND}`"


def test_a_table_names_types_limits_and_defaults(reference: ModuleType) -> None:
    from pydantic import Field

    from cem_toolkit.api import Options

    class Some(Options):
        top_k: int = Field(5, ge=1, le=100, description="Pages | kept.")
        place: str | None = Field(None, min_length=1, description="Where.")
        shares: dict[str, float] = Field({"a": 0.5}, description="How much.")
        needed: str = Field(description="Must be given.")

    tables = importlib.import_module("reference.tables")
    assert tables.options_table(Some).splitlines()[2:] == [
        "| `top_k` | integer, ≥ 1, ≤ 100 | `5` | Pages \\| kept. |",
        "| `place` | none or text, not empty | none | Where. |",
        "| `shares` | mapping of text to number | `{a: 0.5}` | How much. |",
        "| `needed` | text | required | Must be given. |",
    ]
