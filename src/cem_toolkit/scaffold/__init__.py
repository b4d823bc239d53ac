"""Writes a whole package for a plugin of one's own: typed, tested, and working before a line of it is changed."""

import keyword
import os
import re
import shutil
from pathlib import Path

from cem_toolkit.errors import CemError
from cem_toolkit.local import NAME as LOCAL
from cem_toolkit.plugins import BUNDLED, NAME, Plugins

TEMPLATES = Path(__file__).parent / "templates"
COMMON = {
    "pyproject.toml": "pyproject.toml.j2",
    "README.md": "README.md.j2",
    ".gitignore": "gitignore.j2",
    ".github/workflows/test.yml": "test.yml.j2",
    "src/{package}/__init__.py": "init.py.j2",
    "src/{package}/plugin.py": "plugin.py.j2",
    "src/{package}/{role}.py": "{role}/component.py.j2",
    "src/{package}/options.py": "{role}/options.py.j2",
    "tests/test_{module}.py": "{role}/test.py.j2",
}
"""Files of the package, and the templates that they are made of."""
EXAMPLES = {"source": ("danube.txt", "insulin.txt", "paris.txt")}
"""Texts for the role's tests, copied as they are."""
TRIAL = {"source": " --set folder={folder}/tests/texts"}
"""What `cem-toolkit check` must be told of the example."""


def write_plugin(role: str, name: str, into: Path, plugins: Plugins) -> Path:
    """Writes the package of a component `name` into a new folder below `into`, and returns that.

    Raises CemError for a name that is no good or taken, and where the folder exists or cannot be written; nothing is
    left then.
    """
    check_name(name, plugins)
    target = into / distribution_of(name)
    if os.path.lexists(target):
        raise CemError(f"{target}: is there already, and is left as it is; choose another name, or another --into")
    beside = into / f".{target.name}.{os.getpid()}"
    try:
        for path, text in _render(role, name).items():
            place = beside / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        os.rename(beside, target)
    except OSError as error:
        raise CemError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def check_name(name: str, plugins: Plugins) -> None:
    """Raises CemError where no plugin should be called so."""
    if not NAME.fullmatch(name) or not name[0].isalpha() or not name[-1].isalnum():
        raise CemError(
            f"{name!r} is no name for a plugin: a to z, 0 to 9, '.', '_', '-', from a letter to a letter or digit"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise CemError(f"{name!r} is a word of Python's own: choose another name")
    if name in {LOCAL, *BUNDLED, *plugins.names(), *plugins.distributions}:
        owner = plugins.distributions.get(name) or next(
            (entry.distribution for entry in plugins.registered if entry.cls.name == name), "cem-toolkit"
        )
        raise CemError(f"{name!r} is taken by a plugin of {owner}: choose another name")


def distribution_of(name: str) -> str:
    """`cem-my-notes` of `my_notes`."""
    return "cem-" + re.sub(r"[-_.]+", "-", name)


def _render(role: str, name: str) -> dict[str, str]:
    """The package's files by path."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    distribution = distribution_of(name)
    package = distribution.replace("-", "_")
    camel = "".join(part.capitalize() for part in package.removeprefix("cem_").split("_"))
    values = {
        "role": role,
        "name": name,
        "distribution": distribution,
        "package": package,
        "module": package.removeprefix("cem_"),
        "cls": f"{camel}{role.capitalize()}",
        "trial": TRIAL.get(role, "").format(folder="."),
    }
    made = Environment(  # noqa: S701 (what is written is no HTML)
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    files = {
        path.format(**values): made.get_template(template.format(**values)).render(values)
        for path, template in COMMON.items()
    }
    files[f"src/{package}/py.typed"] = ""
    for example in EXAMPLES.get(role, ()):
        files[f"tests/texts/{example}"] = (TEMPLATES / role / example).read_text(encoding="utf-8")
    return files
