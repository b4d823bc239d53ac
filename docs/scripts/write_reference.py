"""Writes what documents say about the code from the code itself: `make reference`, or

    python docs/scripts/write_reference.py

It writes the pages under `docs/reference/`, the list of decisions, and in the plugins' READMEs the tables of options.
"""

from reference.pages import gaps, gone, pages


def write() -> None:
    """Raises SystemExit, a line each, where the code leaves something unsaid."""
    if missing := list(gaps()):
        raise SystemExit("\n".join(missing))
    wanted = pages()
    for page, text in wanted.items():
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")
    for page in gone(wanted):
        page.unlink()


if __name__ == "__main__":
    write()
