"""Which runs were started on this machine by this user.

To go on with a run is to do what its configuration says: read the files and ask the hosts that it names, and run the
code of its `cem_plugins.py` and of its tasks. A run from a stranger is only for reading, until the user says otherwise.
"""

import contextlib
import hashlib
import os
from pathlib import Path


def remember(folder: Path) -> None:
    """Notes that the run in `folder` is the user's own. Where the note cannot be written, the run counts as a
    stranger's."""
    with contextlib.suppress(OSError):
        mark = _mark(folder)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def is_own(folder: Path) -> bool:
    """Whether a run with this configuration and this plan was noted, wherever its folder lies now."""
    return _mark(folder).is_file()


def _mark(folder: Path) -> Path:
    digest = hashlib.sha256()
    for name in ("config.yaml", "plan.json"):
        content = (folder / name).read_bytes()
        digest.update(len(content).to_bytes(8, "big") + content)
    # By https://specifications.freedesktop.org/basedir-spec: not in the cache, which a configuration may move.
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "cem-toolkit" / "runs" / digest.hexdigest()
