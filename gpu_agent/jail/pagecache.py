"""Page-cache normalisation: which pages of the system's files are in memory is a store that outlives a jail.

Encode could read chosen pages of visible files and decode could time them: over 100 bits. Dropping every clean,
unmapped page of the files a jail can see closes that between the two; it takes one to two seconds.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from typing import NamedTuple


class Normalised(NamedTuple):
    files: int
    seconds: float


def normalise(folders: Iterable[str]) -> Normalised:
    """Ask the kernel to drop the pages of every regular file under `folders`. What cannot be opened is left out."""
    started, files = time.monotonic(), 0
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                with contextlib.suppress(OSError):
                    fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                    try:
                        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                        files += 1
                    finally:
                        os.close(fd)
    return Normalised(files, time.monotonic() - started)
