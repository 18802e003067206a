"""Blind tests of the lab's first version, which lay in the app's own file: taken over once, with every answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..blind import BlindTest
from .protocols import StoreError


def carried(path: Path, create: Callable[[BlindTest], bool]) -> None:
    """Hand the tests of `path` to `create`, and only then drop them there. Nothing where there are none."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            there = "SELECT 1 FROM sqlite_master WHERE name = 'blind_series'"
            if not db.execute(there).fetchone():
                return
            db.execute("BEGIN IMMEDIATE")  # nobody answers meanwhile
            if not db.execute(there).fetchone():
                return  # another process was first
            for row in db.execute("SELECT * FROM blind_series").fetchall():
                trials = db.execute("SELECT * FROM blind_trials WHERE series_id = ? ORDER BY number", (row["id"],))
                create(from_row(row, trials.fetchall()))
            for statement in ("DROP TABLE blind_trials", "DROP TABLE blind_series", "COMMIT"):
                db.execute(statement)
    except sqlite3.Error as e:
        raise StoreError(f"The blind tests in {path} cannot be taken over: {e}.") from e


def from_row(row: sqlite3.Row, trials: list[sqlite3.Row]) -> BlindTest:
    known = {name: row[name] for name in ("id", "kind", "clip", "clip_sha256", "frames", "created_at", "closed_at")}
    drawn = [
        {
            "id": f"{row['id']}-{t['id']}",
            "swapped": bool(t["swapped"]),
            "x_is": t["x_is"],
            "answer": t["answer"],
            "answered_at": t["answered_at"],
        }
        for t in trials
        if t["answer"]
    ]
    return BlindTest(**known, one=json.loads(row["one"]), two=json.loads(row["two"]), trials=drawn)
