"""The source keeps the rules of every knowledge source, in a few summaries on this machine."""

import json
from pathlib import Path
from typing import Any

from cem_toolkit.api import Context
from cem_toolkit.testing import SourceTests
from cem_wiki.source import Wiki

PAGES = {
    "Paris": "Paris is the capital of France, on the Seine.",
    "France": "France is a country in Europe.",
    "Danube": "The Danube is a river. It flows into the Black Sea.",
    "Insulin": "Insulin is a hormone that the pancreas makes.",
    "C++": "C++ is a programming language.",
}


class TestWiki(SourceTests):
    component = Wiki
    options = {"data": "pages.json"}
    bad_options = ({"data": "none.json"}, {"top_k": 0}, {"backend": "live", "ranking": "hybrid"})

    def context(self, folder: Path, **changes: Any) -> Context:
        pages = {title: {"title": title, "extract": text} for title, text in PAGES.items()}
        folder.mkdir(exist_ok=True)
        (folder / "pages.json").write_text(json.dumps(pages), encoding="utf-8")
        return super().context(folder, **changes)
