"""The clip as encode sees it: a folder that is empty until the codec is imported.

A codec that could read the clip while it is imported would do its work there, before the clock runs. So the jail shows
an empty folder, and the clip comes into it when the clock starts: as another name of the same file, without a copy.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = ".jail-"
ABANDONED_SECONDS = 7200
"""A folder this old was left by an agent that was killed. One that is in use is needed only until its codec is
imported, which takes minutes at most."""


class Gate:
    """`folder` is what the jail shows; `open` lets `name` appear in it; `close` removes everything.

    `other_user`: the codec is not the agent's user, so a file that only the agent may read is copied for it, and so is
    one whose file system knows no second names. Raises OSError.
    """

    def __init__(self, source: Path, name: str, *, other_user: bool) -> None:
        source = source.resolve(strict=True)
        sweep(source.parent)
        try:
            self._base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=source.parent))
        except OSError:  # not the agent's to write
            self._base = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            self._waiting, self.folder = self._base / "waiting", self._base / "shown"
            self._shown = self.folder / name
            self.folder.mkdir()
            self.folder.chmod(0o755)
            if other_user and not source.stat().st_mode & 0o004:
                self._copy(source)
            else:
                self._link(source)
        except BaseException:
            self.close()
            raise

    def open(self) -> None:
        os.rename(self._waiting, self._shown)

    def close(self) -> None:
        shutil.rmtree(self._base, ignore_errors=True)

    def _link(self, source: Path) -> None:
        try:
            os.link(source, self._waiting)
        except OSError:
            self._copy(source)

    def _copy(self, source: Path) -> None:
        shutil.copyfile(source, self._waiting)
        self._waiting.chmod(0o644)  # below `_base`, which is open to the agent alone


def sweep(parent: Path) -> None:
    """Remove what agents that were killed have left beside their clips."""
    before = time.time() - ABANDONED_SECONDS
    for left in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < before:
                shutil.rmtree(left, ignore_errors=True)
