"""Copies of the database beside it, made while it is in use: one a day, the newest three; and what to do when it is lost."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..disk import files_below
from ..protocols import StoreError

KEPT = 3
EVERY = timedelta(days=1)
FORM = "%Y%m%dT%H%M%SZ"
PAGES = 2048
"""Copied at once; between, the copying may be called off."""


class CalledOff(Exception):
    """The machine is wanted for a codec."""


def backups(database: Path) -> list[Path]:
    """Newest first."""
    return sorted(database.parent.glob(f"{database.name}.backup-*Z"), reverse=True)


def is_due(database: Path, at: datetime) -> bool:
    """Whether no backup is of the last day."""
    return not any(timedelta(0) <= at - made < EVERY for path in backups(database) if (made := made_at(path)))


def made_at(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.name.rpartition("-")[2], FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def back_up(database: Path, at: datetime, cancel: threading.Event) -> Path | None:
    """Make a backup and drop the oldest; None where there is nothing to lose yet. Raises StoreError, or CalledOff."""
    target, fresh = database.with_name(f"{database.name}.backup-{at:{FORM}}"), database.with_name(".new-backup.db")

    def copied(*_: int) -> None:
        if cancel.is_set():
            raise CalledOff

    try:
        fresh.unlink(missing_ok=True)
        with closing(sqlite3.connect(database, timeout=20)) as source:
            if not source.execute("SELECT EXISTS (SELECT 1 FROM experiments)").fetchone()[0]:
                return None  # it must not push out the backups of one that was lost
            with closing(sqlite3.connect(fresh)) as copy:
                source.backup(copy, pages=PAGES, progress=copied, sleep=0)
                copy.execute("PRAGMA journal_mode=DELETE")
        os.replace(fresh, target)
        for old in backups(database)[KEPT:]:
            old.unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as e:
        raise StoreError(f"The database {database} could not be backed up: {e}.") from e
    finally:
        fresh.unlink(missing_ok=True)
    return target


def refuse_lost(database: Path, artifacts: Path) -> None:
    """Raises StoreError where the database is there and has no tables, but artifacts of experiments are: to go on would
    hide that the records are gone."""
    if not database.exists() or has_experiments(database) or next(files_below(artifacts), None) is None:
        return
    saved = backups(database)
    way = (
        f"Stop the lab, delete {database.name}-wal and {database.name}-shm beside it if they are there, copy {saved[0]} to "
        f"{database}, and start again."
        if saved
        else "There is no backup beside it: put a copy of your own in its place."
    )
    raise StoreError(
        f"The database {database} is empty, but {artifacts} has files of experiments: their records were lost. {way} "
        f"To begin anew instead, move {database.name} and {artifacts.name} away."
    )


def has_experiments(database: Path) -> bool:
    """Whether the file has the table. Raises StoreError where it cannot be read."""
    try:
        if database.stat().st_size == 0:
            return False
        with closing(sqlite3.connect(database, timeout=20)) as db:
            return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone() is not None
    except (sqlite3.Error, OSError) as e:
        raise StoreError(f"The store at {database} cannot be read: {e}.") from e
