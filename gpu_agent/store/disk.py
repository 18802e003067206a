"""Keeping a cache folder within its budget: what was used longest ago goes first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

ABANDONED_SECONDS = 3600
"""A hidden file that nobody has written to for this long was left by a process that died."""


def trim(folder: Path, budget_bytes: int, *, keep: Callable[[Path], bool] | Collection[Path] = ()) -> list[Path]:
    """Delete files below `folder`, least recently modified first, until the rest fits in `budget_bytes`.

    `keep` (a predicate or a collection of paths) names files in use: they count but are never deleted. Hidden files
    are still being written and stay too, until they are ABANDONED_SECONDS old: then they go whatever the budget. Hidden
    folders are their owners', such as the jail's, which has second names of these files there. Returns what was
    deleted; what is used again or vanishes meanwhile is left alone.
    """
    remove_abandoned(folder)
    kept = keep if callable(keep) else {Path(path).absolute() for path in keep}.__contains__
    files = []
    for path in files_below(folder, hidden_folders=False):
        try:
            if not path.is_symlink():
                stat = path.stat()
                files.append((stat.st_mtime_ns, path.absolute(), stat.st_size))
        except FileNotFoundError:
            continue
    total, deleted = sum(size for _, _, size in files), []
    for used, path, size in sorted(files):
        if total <= budget_bytes:
            break
        if path.name.startswith(".") or kept(path) or last_used(path) not in (used, None):
            continue
        path.unlink(missing_ok=True)
        total -= size
        deleted.append(path)
    return deleted


def last_used(path: Path) -> int | None:
    """None: it is gone."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def remove_abandoned(folder: Path) -> None:
    """Delete the half-written (hidden) files below `folder` that a process which died left behind."""
    before = time.time() - ABANDONED_SECONDS
    for path in files_below(folder):
        try:
            if path.name.startswith(".") and path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:
            continue


def files_below(folder: Path, *, hidden_folders: bool = True) -> Iterator[Path]:
    """Every file below `folder`, while others make and remove files and folders there, which Path.rglob does not bear."""
    for parent, folders, names in os.walk(folder):
        if not hidden_folders:
            folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names)
