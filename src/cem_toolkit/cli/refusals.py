"""What the system refused a run, in one line: a full disk and the like, whatever library met it."""

import errno
import os
import re

from cem_toolkit.resuming import chain

REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file may not get so large here",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.EROFS: "the file system is read-only",
    errno.EMFILE: "too many open files",
    errno.ENOMEM: "there is not enough memory",
    errno.ENFILE: "too many open files in the whole system",
}
TOLD_BY_LIBRARIES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENOMEM)
"""Those that nothing else is likely to be meant by."""

NUMPY = re.compile(r"\d+ requested and \d+ written")
"""What numpy says, and without a number, where not all of an array could be written."""


def refused_by_the_system(error: BaseException) -> str | None:
    """Where and what, if one of `REFUSALS` is behind `error`, else None."""
    for each in chain(error):
        if isinstance(each, OSError) and each.errno in REFUSALS:
            return f"{each.filename or 'while working'}: {REFUSALS[each.errno]}"
        if isinstance(each, OSError) and NUMPY.fullmatch(str(each)):
            return f"while working: {REFUSALS[errno.ENOSPC]}"
    # Libraries in other languages raise errors of their own, which say the number or the system's words for it.
    for each in chain(error):
        for number in TOLD_BY_LIBRARIES:
            if any(sign in str(each) for sign in (f"os error {number})", f"code: {number},", os.strerror(number))):
                return f"while working: {REFUSALS[number]}"
    return None
