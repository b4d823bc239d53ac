"""All that is made from the code, by the file in which it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import cem_toolkit
from cem_toolkit import api
from reference import classes, commands, components, hooks
from reference.names import PAGES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "reference"
COMMAND = "make reference"
NOTE = f"<!-- Made from the code by `{COMMAND}`: change the docstring or description there. -->"
MARKED = re.compile(r"<!-- options: (\w+) ([\w.-]+) -->\n.*?<!-- end -->", re.DOTALL)


def pages() -> dict[Path, str]:
    """Every file that holds what is made from the code, with what it should say."""
    made = {
        "configuration": (
            "Configuration",
            "What a run's YAML file may say, and `--set NAME=VALUE` too.",
            components.configuration(),
        ),
        "components": (
            "Components and their options",
            "All that this repository's distributions bring.",
            components.page(),
        ),
        "command-line": ("Command line", "`cem-toolkit COMMAND --help` says the same.", commands.page()),
        "hooks": ("Hooks", "All from `cem_toolkit.hookspecs`.", hooks.page()),
        **{name: (told.title, told.about, classes.sections(told.module, told.names)) for name, told in PAGES.items()},
    }
    written = {
        FOLDER / f"{name}.md": f"# {title}\n\n{NOTE}\n\n{about}\n\n{text}\n"
        for name, (title, about, text) in made.items()
    }
    return (
        written
        | {page: filled(page) for page in sorted(ROOT.glob("plugins/*/README.md"))}
        | {ROOT / "docs" / "decisions" / "README.md": decisions()}
    )


def filled(page: Path) -> str:
    """A page with the options of each component between its marks `<!-- options: ROLE NAME -->` and `<!-- end -->`."""

    def block(found: re.Match[str]) -> str:
        return f"<!-- options: {found[1]} {found[2]} -->\n\n{components.options(found[1], found[2])}\n\n<!-- end -->"

    return MARKED.sub(block, page.read_text(encoding="utf-8"))


def decisions() -> str:
    """The list of decisions, by the titles of their pages."""
    folder = ROOT / "docs" / "decisions"
    titles = {
        page.name: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for page in sorted(folder.glob("*.md"))
        if page.name != "README.md"
    }
    lines = "\n".join(f"- [{title}]({name})" for name, title in titles.items())
    about = "Why it is built so: what was needed, what was chosen, what was not, and what to watch."
    return f"# Decisions\n\n<!-- Made from the titles of the pages by `{COMMAND}`. -->\n\n{about}\n\n{lines}\n"


def gaps() -> Iterator[str]:
    """What the code leaves unsaid, a line each."""
    placed = {name for told in PAGES.values() for name in told.names}
    for name in (*api.__all__, *cem_toolkit.__all__):
        if name not in placed:
            yield f"{name} stands on no page: add it to docs/scripts/reference/names.py"
    for told in PAGES.values():
        yield from classes.gaps(told.module, told.names)
    yield from (*hooks.gaps(), *components.gaps(), *commands.gaps())


def gone(kept: dict[Path, str]) -> list[Path]:
    """Pages of the reference that nothing makes any more."""
    return [page for page in sorted(FOLDER.glob("*.md")) if page not in kept]
