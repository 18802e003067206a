"""The folder that one evaluation works in: its own, outside of the cache that an agent trims, gone when it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A new folder under `home`. It is locked while it is used: what a killed evaluation left is known by that and
    removed by the next one."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(home)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=home))
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_abandoned(home: Path) -> None:
    for folder in home.glob("run-*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
