"""Page-cache normalisation: which pages of the visible files are in memory is a store that outlives a jail.

Encode could read or drop chosen pages and decode could time them: over 100 bits. Before each decode the state is made
the same whatever encode did: all of it in memory where it fits easily, which also spares the decode its cold start;
otherwise none of it, as far as the kernel lets go (clean, unmapped pages).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

CHUNK = 1 << 20
SHARE = 0.5
"""Of the memory that is free without swapping: visible files that take more than this are dropped, not read."""


class Normalised(NamedTuple):
    """`warm`: everything is in memory now; otherwise nothing is."""

    files: int
    seconds: float
    warm: bool


def normalise(paths: Iterable[str], hidden: Collection[str] = ()) -> Normalised:
    """Make the cache of every regular file at or under `paths` all present or all absent.

    Unreadable files are left out, and so are `hidden` folders, which no codec sees.
    """
    started = time.monotonic()
    found = list(files(paths, hidden))
    warm = sum(size for _, size in found) < SHARE * available()
    treat = read if warm else drop
    done = sum(treat(path) for path, _ in found)
    return Normalised(done, time.monotonic() - started, warm)


def files(paths: Iterable[str], hidden: Collection[str] = ()) -> Iterator[tuple[str, int]]:
    """Regular files with their sizes; links are not followed."""
    for path in paths:
        with contextlib.suppress(OSError):
            if os.path.isfile(path):
                yield path, os.path.getsize(path)
                continue
            todo = [path]
            while todo:
                with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False) and entry.path not in hidden:
                            todo.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            yield entry.path, entry.stat(follow_symlinks=False).st_size


def available() -> int:
    """Bytes that programs can have without swapping (MemAvailable of proc(5)); 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/meminfo") as f:
        for line in f:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0


_buffer = bytearray(CHUNK)  # its content is never looked at, so that threads may share it


def read(path: str) -> bool:
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            while os.readv(fd, [_buffer]):
                pass
            return True
        finally:
            os.close(fd)
    return False


def drop(path: str) -> bool:
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            return True
        finally:
            os.close(fd)
    return False
