"""The file itself: its tables, a connection a thread, and transactions whose failures are sentences."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..protocols import StoreError

# Outlines are a table of their own, because SQLite reaches a column behind a long record only by reading all of it.
SCHEMA = """
CREATE TABLE IF NOT EXISTS experiments (
  id TEXT PRIMARY KEY, created_at TEXT NOT NULL, status TEXT NOT NULL, parent_id TEXT, clips TEXT NOT NULL,
  title TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '', archived INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  owner TEXT, fence INTEGER NOT NULL DEFAULT 0, lease_expires REAL NOT NULL DEFAULT 0,
  progress TEXT NOT NULL, record TEXT NOT NULL, bd_rates TEXT, audit TEXT, perceptual TEXT, released TEXT);
CREATE INDEX IF NOT EXISTS newest ON experiments (archived, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS by_status ON experiments (status, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS by_parent ON experiments (parent_id, created_at DESC);
CREATE TABLE IF NOT EXISTS outlines (id TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  experiment_id TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,
  progress TEXT, PRIMARY KEY (experiment_id, seq)) WITHOUT ROWID;
"""

LATER_COLUMNS = ("bd_rates", "audit", "perceptual", "released")
"""Columns that were not in the first version of the table: a file from then gets them when it is opened."""


class Database:
    """Makes the file and its folder where they are missing, and adds the columns that an older file lacks."""

    def __init__(self, path: Path):
        self._path = path
        self._local = threading.local()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as e:
            raise StoreError(f"The data folder {path.parent} cannot be made: {e.strerror}.") from e
        with self.write() as db:
            db.executescript(SCHEMA)
        self._add_missing_columns()

    def _add_missing_columns(self) -> None:
        with self.write() as db:
            there = {row["name"] for row in db.execute("PRAGMA table_info(experiments)")}
            for column in LATER_COLUMNS:
                if column not in there:
                    db.execute(f"ALTER TABLE experiments ADD COLUMN {column} TEXT")

    def connection(self) -> sqlite3.Connection:
        db = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self._path, timeout=20, isolation_level=None)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            self._local.db = db
        return db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self.connection()
        except sqlite3.Error as e:
            raise StoreError(f"The store at {self._path} cannot be read: {e}.") from e

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that takes the write lock first, so that read-then-write in it is atomic."""
        try:
            db = self.connection()
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as e:
            raise StoreError(f"The store at {self._path} cannot be opened for writing: {e}.") from e
        try:
            yield db
            if db.in_transaction:
                db.execute("COMMIT")
        except sqlite3.Error as e:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise StoreError(f"The store at {self._path} cannot be written: {e}.") from e
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
