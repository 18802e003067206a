"""Keeping a cache folder within its budget: what was used longest ago goes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

ABANDONED_SECONDS = 3600
"""A hidden file that nobody has written to for this long was left by a process that died."""


def trim(folder: Path, budget_bytes: int, *, keep: Callable[[Path], bool] | Collection[Path] = ()) -> list[Path]:
    """Delete files below `folder`, least recently modified first, until the rest fits in `budget_bytes`.

    `keep` (a predicate or a collection of paths) names files in use: they count but are never deleted. Hidden files
    are still being written and stay too, until they are ABANDONED_SECONDS old: then they go whatever the budget. Hidden
    folders are their owners', such as the jail's, which has second names of these files there. Returns what was
    deleted; a file that vanishes meanwhile is no error.
    """
    remove_abandoned(folder)
    kept = keep if callable(keep) else {Path(path).absolute() for path in keep}.__contains__
    files = []
    for path in folder.rglob("*"):
        try:
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])
            if path.is_file() and not path.is_symlink() and not hidden:
                stat = path.stat()
                files.append((stat.st_mtime_ns, path.absolute(), stat.st_size))
        except FileNotFoundError:
            continue
    total, deleted = sum(size for _, _, size in files), []
    for _, path, size in sorted(files):
        if total <= budget_bytes:
            break
        if path.name.startswith(".") or kept(path):
            continue
        path.unlink(missing_ok=True)
        total -= size
        deleted.append(path)
    return deleted


def remove_abandoned(folder: Path) -> None:
    """Delete the half-written (hidden) files below `folder` that a process which died left behind."""
    before = time.time() - ABANDONED_SECONDS
    for path in folder.rglob(".*"):
        try:
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:
            continue
