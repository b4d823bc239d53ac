"""The core stays light: importing it, and asking for help, loads no torch and no transformers."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "datasets", "lm_eval", "trl", "bm25s", "numpy", "scipy", "pandas", "jinja2")
COMMANDS = ("evolve", "resume", "show", "report", "ledger", "compare", "push", "plugins", "check", "new-plugin", "init")
HELPS = [[], *([name] for name in COMMANDS)]
CHECK = f"loaded = [name for name in {HEAVY!r} if name in sys.modules]; assert not loaded, loaded"


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", f"import sys\n{code}\n{CHECK}"], check=True, timeout=60)  # noqa: S603


def test_import_is_light() -> None:
    run("import cem_toolkit, cem_toolkit.api")


def test_discovering_plugins_is_light() -> None:
    run("from cem_toolkit.plugins import discover; found = discover(); assert not found.broken, found.broken")


@pytest.mark.parametrize("arguments", HELPS, ids=str)
def test_every_help_is_light(arguments: list[str]) -> None:
    run(
        "from cem_toolkit.cli import main\n"
        f"try: main({[*arguments, '--help']!r})\nexcept SystemExit as end: assert end.code == 0"
    )


def test_the_list_of_commands_loads_no_plugin_s_classes() -> None:
    run(
        "from cem_toolkit.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as end: assert end.code == 0\n"
        "needless = {'pydantic', 'rich', 'yaml', 'cem_toolkit.roles', 'cem_toolkit.leaks'} & sys.modules.keys()\n"
        "assert not needless, needless"
    )


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "--json"]], ids=str)
def test_listing_plugins_is_light(arguments: list[str]) -> None:
    run(f"from cem_toolkit.cli import main\ntry: main({arguments!r})\nexcept SystemExit as end: assert end.code == 0")
