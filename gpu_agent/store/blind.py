"""Blind tests in the SQLite file of the experiments: one row a test, written over the version that was read."""

from __future__ import annotations

from pathlib import Path

from ..blind import BlindTest, pair_of
from .blind_before import carried
from .local.database import Database
from .protocols import StoreError, Versioned

SCHEMA = """
CREATE TABLE IF NOT EXISTS blind_tests (
  id TEXT PRIMARY KEY, pair TEXT NOT NULL, created_at TEXT NOT NULL, version INTEGER NOT NULL, test TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS blind_by_pair ON blind_tests (pair, created_at DESC, id DESC);
CREATE TABLE IF NOT EXISTS blind_of (
  experiment_id TEXT NOT NULL, test_id TEXT NOT NULL, PRIMARY KEY (experiment_id, test_id)) WITHOUT ROWID;
"""


class LocalBlind:
    """`BlindStore` over SQLite. Safe for several threads and processes on one machine.

    `before`: the file that the lab's first version kept them in; they are taken over from there.
    """

    def __init__(self, path: Path, before: Path | None = None):
        self.database = Database(path)
        with self.database.write() as db:
            db.executescript(SCHEMA)
        if before is not None:
            carried(before, self.create)

    def create(self, test: BlindTest) -> bool:
        row = (test.id, pair_of(*test.points), test.created_at, 1, test.model_dump_json())
        with self.database.write() as db:
            done = db.execute("INSERT OR IGNORE INTO blind_tests VALUES (?,?,?,?,?)", row).rowcount == 1
            if done:
                of = [(experiment_id, test.id) for experiment_id in test.experiments]
                db.executemany("INSERT OR IGNORE INTO blind_of VALUES (?,?)", of)
        return done

    def get(self, test_id: str) -> Versioned | None:
        with self.database.read() as db:
            row = db.execute("SELECT test, version FROM blind_tests WHERE id = ?", (test_id,)).fetchone()
        return Versioned(read_test(row["test"]), row["version"]) if row else None

    def replace(self, test: BlindTest, version: int) -> bool:
        change = "UPDATE blind_tests SET test = ?, version = version + 1 WHERE id = ? AND version = ?"
        with self.database.write() as db:
            return db.execute(change, (test.model_dump_json(), test.id, version)).rowcount == 1

    def of_pair(self, pair: str) -> list[BlindTest]:
        return self._found("WHERE pair = ?", pair)

    def of_experiment(self, experiment_id: str) -> list[BlindTest]:
        return self._found("JOIN blind_of ON test_id = id WHERE experiment_id = ?", experiment_id)

    def _found(self, where: str, value: str) -> list[BlindTest]:
        with self.database.read() as db:
            sql = f"SELECT test FROM blind_tests {where} ORDER BY created_at DESC, id DESC"
            return [read_test(row["test"]) for row in db.execute(sql, (value,))]


def read_test(text: str) -> BlindTest:
    try:
        return BlindTest.model_validate_json(text)
    except ValueError as e:
        raise StoreError("A blind test cannot be read; another version of the lab wrote it.") from e
