"""File systems of one's own, seen by this process and its children alone: in a mount namespace, which ends with them.

Linux, as root or where users may make namespaces. `mount` is util-linux's.
"""

import ctypes
import os
import subprocess
import time
from pathlib import Path

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000


def enter_namespace() -> None:
    """Raises OSError where this machine does not let us. The process must have one thread."""
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEW_MOUNTS | (NEW_USER if user else 0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _call("mount", "--make-rprivate", "/")


def mount_small(folder: Path, megabytes: int) -> None:
    """An empty file system in memory, of so many MB."""
    _call("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))


def make_read_only(folder: Path) -> None:
    _call("mount", "--bind", str(folder), str(folder))
    for tries_left in reversed(range(500)):
        try:
            _call("mount", "-o", "remount,bind,ro", str(folder))
            break
        except OSError:  # a file is being written to at this moment
            if not tries_left:
                raise
            time.sleep(0.01)


def make_writable(folder: Path) -> None:
    """After `make_read_only`."""
    _call("umount", "-l", str(folder))


def _call(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(done.returncode, done.stderr.strip() or f"{command[0]} failed")
