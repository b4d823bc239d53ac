"""Writing a file whole or not at all."""

from pathlib import Path

from cem_toolkit.api import replacing


def write_whole(path: Path, text: str) -> Path:
    """Write the text beside the path first, then rename it over it; folders are made.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return path
