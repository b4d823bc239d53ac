"""Builds the documentation's site: `make site`, or

    python docs/scripts/build_site.py [FOLDER]

Its pages are those of `docs/`, the README, and those of the plugins and examples. They are gathered in one folder, in
which links such as `../plugins/cem-wiki` lead to the page that they name, as they do on a code host; what they name
that is no page (figures, configurations) is copied beside. Then the builder takes them, and refuses broken links.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "mkdocs.yml"
PLACES = {"docs/": "", "README.md": "readme.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Where files of the repository lie in the site, if elsewhere than there; folders end with a slash."""
LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)\s]*)?\))")
FENCE = re.compile(r"^(```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)


def pages() -> Iterator[Path]:
    """The Markdown files that are pages of the site."""
    yield from (ROOT / name for name in PLACES if not name.endswith("/"))
    for pattern in ("docs/**/*.md", "plugins/*/README.md", "examples/**/*.md"):
        yield from sorted(ROOT.glob(pattern))


def place(file: Path) -> Path:
    """Where a file of the repository lies in the site."""
    path = file.relative_to(ROOT).as_posix()
    if path.startswith("plugins/") and file.name == "README.md":
        return Path(f"plugins/{file.parent.name}.md")
    for start, there in PLACES.items():
        if path == start or (start.endswith("/") and path.startswith(start)):
            return Path(there + path.removeprefix(start))
    return Path(path)


def gather(folder: Path) -> None:
    """Writes all pages, and what they link to, into `folder`. Raises SystemExit, a line each, for links to nothing."""
    known, broken = set(pages()), []
    for page in sorted(known):

        def led(found: re.Match[str], page: Path = page) -> str:
            target = Path(os.path.normpath(page.parent / found[2]))
            target = target / "README.md" if target.is_dir() else target
            if not target.is_file():
                broken.append(f"{page.relative_to(ROOT)}: the link {found[2]} leads to no file")
                return found[0]
            if target not in known:
                (folder / place(target)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(target, folder / place(target))
            return found[1] + os.path.relpath(place(target), place(page).parent) + found[3]

        text = page.read_text(encoding="utf-8")
        parts = (part if part.startswith("```") else LINK.sub(led, part) for part in FENCE.split(text))
        (folder / place(page)).parent.mkdir(parents=True, exist_ok=True)
        (folder / place(page)).write_text("".join(parts), encoding="utf-8")
    if broken:
        raise SystemExit("\n".join(broken))
    shutil.copytree(ROOT / "docs" / "assets", folder / "assets")


def navigation(entries: list[Any], folder: Path) -> list[Any]:
    """The configuration's `nav`, each pattern such as `decisions/*.md` replaced by the pages that it matches."""
    filled: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            filled += [{k: navigation(v, folder) if isinstance(v, list) else v} for k, v in entry.items()]
        elif "*" in entry:
            found = (path.relative_to(folder).as_posix() for path in sorted(folder.glob(entry)))
            filled += [path for path in found if not path.endswith("README.md")]
        else:
            filled.append(entry)
    return filled


def build(site: Path) -> int:
    """Builds the site into the folder `site`; 0 where all is well."""
    with tempfile.TemporaryDirectory() as gathered:
        folder = Path(gathered) / "pages"
        gather(folder)
        config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
        config |= {"docs_dir": str(folder), "site_dir": str(site.resolve()), "nav": navigation(config["nav"], folder)}
        (Path(gathered) / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--quiet",
            "-f",
            str(Path(gathered) / "mkdocs.yml"),
        ]
        return subprocess.run(command, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}).returncode


if __name__ == "__main__":
    raise SystemExit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site"))
