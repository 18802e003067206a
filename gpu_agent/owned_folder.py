"""Temporary folders whose owner is known to live or not: a lock on the folder goes with the process, however that ends.

What a killed process left can so be removed at once, and nothing of one that lives, whoever shares the parent folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

ABANDONED_SECONDS = 7200
"""Where the file system knows no locks, a folder this old was left by a process that was killed."""


class OwnedFolder:
    """A new folder below `parent` (default: the system's for temporary files), held until `remove`. Raises OSError."""

    def __init__(self, prefix: str, parent: Path | None = None) -> None:
        self._handle: int | None = None
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            with contextlib.suppress(FileNotFoundError):
                self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                with contextlib.suppress(OSError):
                    fcntl.flock(self._handle, fcntl.LOCK_EX)
                if self.path.is_dir():
                    return
                os.close(self._handle)  # another process swept it before it was held

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def sweep(parent: Path, prefix: str) -> None:
    """Remove the folders of this user below `parent` that nobody holds any more."""
    for left in parent.glob(f"{prefix}*"):
        try:
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if os.fstat(handle).st_uid == os.geteuid() and is_free(handle):
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(handle)


def is_free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(handle).st_mtime > ABANDONED_SECONDS
    return True
