"""A plugin that is one file beside the configuration: `cem_plugins.py`.

It is the user's own code, and only commands that are given a configuration and run it execute it.
"""

import hashlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from cem_toolkit.compat import noting_deprecations
from cem_toolkit.errors import CemError, one_line
from cem_toolkit.plugins import Deprecated, Plugins, discover, register

FILE = "cem_plugins.py"
NAME = "local"


def discover_with(folder: Path | None, say: Callable[[str], None]) -> Plugins:
    """What is installed, and the local plugin of `folder` where there is one, which `say` is then told of."""
    plugins = discover()
    if folder and load_local(plugins, folder):
        say(f"plugin {NAME}: {folder / FILE}")
    return plugins


def load_local(plugins: Plugins, folder: Path) -> bool:
    """Executes the local plugin of `folder` and registers it. Returns whether there is one.

    A hash of the file is added to the versions of its components, so that no stage outlives a change. Raises CemError
    that names the file and the line where it is broken.
    """
    path = folder / FILE
    if not path.is_file():
        return False
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        source = path.read_bytes()
        mark = hashlib.sha256(source).hexdigest()[:8]
        sys.modules[module.__name__] = module  # where pydantic and dataclasses look annotations up
        with noting_deprecations() as messages:
            exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 (it is a plugin)
        if NAME in plugins.distributions:
            raise CemError(f"the plugin name is taken by {plugins.distributions[NAME]}")
        plugins.distributions[NAME] = f"{FILE} {mark}"
        register(plugins, NAME, module)
        plugins.deprecated += [Deprecated(NAME, plugins.distributions[NAME], message) for message in messages]
    except (Exception, SystemExit) as error:
        raise CemError(f"{_place(path, error)}: the plugin is broken: {one_line(error)}") from error
    for cls in {entry.cls for entry in plugins.registered if entry.plugin == NAME}:
        if cls.__module__ == module.__name__:  # else it is somebody else's, and installed
            cls.version = f"{cls.version}+{mark}"
    return True


def _place(path: Path, error: BaseException) -> str:
    """The file, with the last of its lines that the error went through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    return f"{path}:{lines[-1]}" if lines else str(path)
