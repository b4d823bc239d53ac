"""What the system refuses is one line, whatever library met it."""

import errno

import pytest

from cem_toolkit.cli.refusals import refused_by_the_system


def raised(inner: Exception, outer: Exception) -> Exception:
    try:
        try:
            raise inner
        except Exception as error:
            raise outer from error
    except Exception as error:
        return error


FULL = OSError(errno.ENOSPC, "No space left on device", "runs/rows.jsonl")
SAID = [
    (FULL, "runs/rows.jsonl: the disk is full"),
    (raised(FULL, RuntimeError("could not save")), "runs/rows.jsonl: the disk is full"),
    (RuntimeError('I/O error: Os { code: 28, kind: StorageFull, message: "…" }'), "while working: the disk is full"),
    (ValueError("An IO error occurred: 'Too many open files (os error 24)'"), "while working: too many open files"),
    (OSError(errno.EROFS, "…"), "while working: the file system is read-only"),
    (OSError("374441 requested and 992 written"), "while working: the disk is full"),
    (RuntimeError("unable to mmap 7 bytes: Cannot allocate memory (12)"), "while working: there is not enough memory"),
    (PermissionError(errno.EACCES, "…", "runs"), "runs: permission denied"),
]


@pytest.mark.parametrize(("error", "said"), SAID)
def test_refusals_are_recognised(error: Exception, said: str) -> None:
    assert refused_by_the_system(error) == said


@pytest.mark.parametrize("error", [ValueError("code: 281, x"), FileNotFoundError(errno.ENOENT, "…", "a"), KeyError(28)])
def test_a_bug_is_none(error: Exception) -> None:
    assert refused_by_the_system(error) is None
