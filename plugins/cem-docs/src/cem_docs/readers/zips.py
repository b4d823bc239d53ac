"""Whether an Office file, which is a zip archive of XML, may be opened."""

import zipfile
from pathlib import Path

from cem_docs.blocks import Unreadable

MAX_MEMBERS = 20_000
MAX_UNPACKED = 500_000_000
"""Bytes of all members together."""
MAX_RATIO = 200
"""Unpacked to packed size of a member of at least RATIO_FROM bytes; what Office writes is seldom above 50."""
RATIO_FROM = 5_000_000
PIECE = 1 << 20
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How old Office files begin, and new ones with a password."""


def check(path: Path) -> None:
    """Raises Unreadable for a file that is encrypted or no archive, that unpacks to too much, or whose XML declares a
    document type: Office writes none, and entities that grow without end are declared there.

    Sizes are those that the archive states; `zipfile` unpacks no more than them.
    """
    with path.open("rb") as file:
        if file.read(len(OLE)) == OLE:
            raise Unreadable("encrypted", "is encrypted, or an old Office file: save it anew without a password")
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise Unreadable("broken", f"is no Office file: {error}") from None
    with archive:
        members = archive.infolist()
        _check_sizes(members)
        for member in members:
            if member.filename.endswith((".xml", ".rels", ".vml")) and _declares_type(archive, member):
                raise Unreadable("unsafe", f"{member.filename} declares a document type")


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise Unreadable("unsafe", f"unpacks to {len(members)} files of {unpacked // 1_000_000} MB")
    for member in members:
        if member.file_size >= RATIO_FROM and member.file_size > MAX_RATIO * member.compress_size:
            raise Unreadable("unsafe", f"{member.filename} unpacks to more than {MAX_RATIO} times its size")


def _declares_type(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as file:
        before = b""
        while piece := file.read(PIECE):
            # Without NULs, UTF-16 reads like ASCII.
            text = before + piece.replace(b"\0", b"")
            if b"<!DOCTYPE" in text:
                return True
            before = text[-8:]
    return False
