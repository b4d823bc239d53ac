"""The page in a real browser: it works, it sends nothing, and text that looks like HTML stays text."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.ledger import read_ledger
from cem_toolkit.report import write_report
from cem_toolkit.run import Run
from conftest import Evolve
from resealing import reseal

SCRIPT = "<script>document.title='broken'</script>"
IMAGE = "<img src=x onerror=document.title='broken'>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    missing = "playwright is not installed" if find_spec("playwright") is None else ""
    missing = missing or ("" if program else "no chromium, chromium-browser or google-chrome on the PATH")
    if missing and os.environ.get("CI"):
        pytest.fail(f"{missing}: CI must test the report in a browser")
    if missing:
        pytest.skip(missing)
    from playwright import sync_api as playwright

    with playwright.sync_playwright() as driver:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def run(evolve: Evolve) -> Run:
    """A run in which questions, titles, passages, rows and answers try to be HTML."""
    run = evolve(arms=["random"], general=["capitals-general"])
    for path in run.folder.rglob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        path.unlink()  # it may be another run's as well
        path.write_text(text.replace("Land", f"{SCRIPT}Land").replace("Town", f"{IMAGE}Town"), encoding="utf-8")
    reseal(run.folder)
    return Run(run.folder)


class Tab:
    """A page of the report, which notes whatever goes wrong."""

    def __init__(self, browser: Any, page: Path, address: str = "", **options: Any) -> None:
        self.faults: list[str] = []
        self.tab = browser.new_page(**options)
        self.tab.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("request", lambda request: self._note(request.url))
        self.tab.goto(page.as_uri() + address)

    def _note(self, url: str) -> None:
        if not url.startswith("file:") or not url.partition("#")[0].endswith("/report.html"):
            self.faults.append(f"asked for {url}")

    def questions(self) -> Any:
        """The rows of the table, once the script has filled it."""
        self.tab.locator("#questions").scroll_into_view_if_needed()
        self.tab.wait_for_selector("#pages:not([hidden])")
        return self.tab.locator("#table > tbody > tr:not(.detail)")

    def wait_for_count(self, start: str) -> None:
        """Waits until the line above the table begins so; by a locator, as the page's policy allows no evaluation."""
        self.tab.locator(f"#count:text-matches('^{start}')").wait_for()

    def close(self) -> None:
        assert self.tab.title().endswith(": report")
        assert not self.faults
        self.tab.close()


def test_searching_and_filtering_narrow_the_table(browser: Any, run: Run) -> None:
    page = Tab(browser, write_report(run))
    rows = page.questions()
    everything = len(list(read_ledger(run)))
    page.tab.get_by_label("Outcome").select_option("fixed")
    fixed = sum(entry.status == "fixed" for entry in read_ledger(run))
    page.wait_for_count(f"{fixed} of {everything}")
    assert 0 < rows.count() == fixed < everything
    assert "status=fixed" in page.tab.evaluate("location.hash")
    page.tab.get_by_role("button", name="Clear").click()
    page.tab.get_by_label("Search questions and answers").fill("land39 general")
    page.wait_for_count("1 of")
    assert "Land39" in rows.first.inner_text()
    page.tab.get_by_label("Search questions and answers").fill("no such words")
    page.wait_for_count("No question")
    page.close()


def test_a_question_opens_down_to_the_sentence_that_taught_it(browser: Any, run: Run) -> None:
    taught = next(e for e in read_ledger(run) if e.status == "fixed" and e.lesson_status == "trained")
    page = Tab(browser, write_report(run))
    page.questions()
    page.tab.get_by_label("Search questions and answers").fill(taught.id)
    page.wait_for_count("1 of")
    button = page.tab.locator("#table .open")
    button.focus()
    page.tab.keyboard.press("Enter")
    detail = page.tab.locator("#table .detail")
    detail.wait_for()
    assert button.get_attribute("aria-expanded") == "true"
    assert detail.locator("mark").first.inner_text() == f"Its capital is {taught.gold}, by the sea."
    text = detail.inner_text()
    assert all(query in text for query in taught.lessons[0].queries)
    assert "✗ wrong" in text
    assert "✓ right" in text
    page.tab.keyboard.press("Enter")
    assert not detail.count()
    page.close()


def test_an_address_leads_to_a_question(browser: Any, run: Run) -> None:
    last = list(read_ledger(run))[-1]
    page = Tab(browser, write_report(run), f"#q={last.id}")
    page.tab.locator("#table .detail").wait_for()
    assert page.tab.evaluate("document.activeElement.textContent") == last.question
    page.close()


def test_what_looks_like_html_is_shown_as_text(browser: Any, run: Run) -> None:
    taught = next(entry for entry in read_ledger(run) if entry.lesson_status == "trained")
    page = Tab(browser, write_report(run), f"#q={taught.id}")
    detail = page.tab.locator("#table .detail")
    detail.wait_for()
    for place in (page.tab.locator(f"#table .open:text('{taught.question.split()[-1]}')").first, detail):
        assert SCRIPT in place.inner_text()
    assert f"{SCRIPT}Land" in detail.locator(".passage .head").first.inner_text()
    assert IMAGE in detail.locator(".passage .body").first.inner_text()
    assert not page.tab.locator("img").count()
    assert page.tab.locator("script:not([type])").count() == 1
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_themes(browser: Any, run: Run, scheme: str) -> None:
    page = Tab(browser, write_report(run), viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.questions().first.locator(".open").click()
    page.tab.locator("#table .detail").wait_for()
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
    paper, ink = page.tab.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert contrast(paper, ink) > 7
    soft, open_mark = (
        page.tab.evaluate(f"getComputedStyle(document.querySelector('{each}')).color") for each in (".meta", ".mark")
    )
    assert min(contrast(paper, soft), contrast(paper, open_mark)) > 4.5
    page.close()


def test_it_prints_its_charts_and_first_questions(browser: Any, run: Run) -> None:
    page = Tab(browser, write_report(run))
    page.tab.emulate_media(media="print")
    assert page.tab.locator("#table tbody tr").first.is_visible()
    assert page.tab.locator(".ribbons").first.is_visible()
    assert not page.tab.locator("#filter").is_visible()
    assert not page.tab.get_by_role("navigation", name="Contents").is_visible()
    page.close()


def test_it_is_whole_without_scripts(browser: Any, run: Run) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(write_report(run).as_uri())
    assert tab.locator("#table tbody tr").count() == 25
    assert "needs scripts" in tab.locator("noscript").inner_text()
    context.close()


def test_a_screen_reader_finds_its_way(browser: Any, run: Run) -> None:
    page = Tab(browser, write_report(run))
    page.questions()
    levels = page.tab.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    unnamed = """[...document.querySelectorAll('section, nav, form, [role=region], input, select')].filter(
        each => !(each.getAttribute('aria-label') || each.getAttribute('aria-labelledby') || each.labels?.length))"""
    assert page.tab.evaluate(f"{unnamed}.map(each => each.outerHTML.slice(0, 80))") == []
    assert page.tab.evaluate("[...document.querySelectorAll('svg:not([aria-hidden=true])')].length") == 0
    assert page.tab.evaluate(
        "[...document.querySelectorAll('table')].every(t => t.caption || t.closest('[aria-label], details'))"
    )
    assert page.tab.locator("[role=status]").count() == 1
    assert page.tab.locator("main").count() == page.tab.locator("html[lang=en]").count() == 1
    page.close()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2 of two colours as `rgb(r, g, b)`."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
