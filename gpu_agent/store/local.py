"""Experiments in one SQLite file (WAL): the default home, nothing to install, shared by agent and lab processes."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ..models import Audit, BDRate, Event, Experiment, Lease, PerceptualFigures, Progress, Status, now
from ..outline import Facts, Outline, audited, facts_of, outline_of, rated
from . import later
from .protocols import Page, Query, StoreError

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

# Columns that live beside the JSON record, because the other side writes them or a query needs them.
BESIDE = {"status", "title", "notes", "archived", "released", "cancel_requested", "progress", "lease"}


class LocalExperiments:
    """`ExperimentStore` over SQLite. Safe for several threads and processes on one machine."""

    def __init__(self, path: Path):
        self._path = path
        self._local = threading.local()
        self._seen: dict[str, tuple[tuple, Outline]] = {}  # outlines as last read: reading thousands again is quick
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as e:
            raise StoreError(f"The data folder {path.parent} cannot be made: {e.strerror}.") from e
        with self._write() as db:
            db.executescript(SCHEMA)
        self._add_missing_columns()

    def _add_missing_columns(self) -> None:
        with self._write() as db:
            there = {row["name"] for row in db.execute("PRAGMA table_info(experiments)")}
            for column in LATER_COLUMNS:
                if column not in there:
                    db.execute(f"ALTER TABLE experiments ADD COLUMN {column} TEXT")

    def _connection(self) -> sqlite3.Connection:
        db = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self._path, timeout=20, isolation_level=None)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            self._local.db = db
        return db

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except sqlite3.Error as e:
            raise StoreError(f"The store at {self._path} cannot be read: {e}.") from e

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that takes the write lock first, so that read-then-write in it is atomic."""
        try:
            db = self._connection()
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

    def create(self, experiment: Experiment) -> bool:
        e = experiment
        clips = " ".join(c.name for c in e.clips)
        row = (e.id, e.created_at, e.status, e.parent_id, f" {clips} ", e.title, e.notes, int(e.archived), e.released)
        with self._write() as db:
            done = db.execute(
                "INSERT OR IGNORE INTO experiments (id, created_at, status, parent_id, clips, title, notes, archived,"
                " released, progress, record) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*row, e.progress.model_dump_json(), e.model_dump_json(exclude=BESIDE)),
            )
            if done.rowcount == 1:
                keep_facts(db, e.id, facts_of(e))
            return done.rowcount == 1

    def get(self, experiment_id: str) -> Experiment | None:
        with self._read() as db:
            row = db.execute("SELECT * FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
        return experiment_of(row) if row else None

    def page(self, query: Query) -> Page:
        where, values = conditions(query)
        sql = f"SELECT * FROM experiments {where} ORDER BY created_at DESC, id DESC LIMIT ?"
        with self._read() as db:
            rows = db.execute(sql, (*values, query.limit + 1)).fetchall()
        items = [experiment_of(r) for r in rows[: query.limit]]
        more = len(rows) > query.limit
        return Page(items, cursor_of(items[-1]) if more else None)

    def outlines(self) -> list[Outline]:
        with self._read() as db:
            rows = db.execute(
                "SELECT e.id, e.title, e.status, e.created_at, e.parent_id, e.archived, o.facts FROM experiments AS e"
                " LEFT JOIN outlines AS o ON o.id = e.id ORDER BY e.created_at DESC, e.id DESC"
            ).fetchall()
        seen, self._seen = self._seen, {}
        older = []
        for row in rows:
            outline = known(seen, row)
            if outline is None:
                older.append(row["id"])
            else:
                self._seen[row["id"]] = (tuple(row), outline)
        again = self._outline_again(older)
        found = {name: outline for name, (_, outline) in self._seen.items()} | again
        return [found[row["id"]] for row in rows if row["id"] in found]

    def _outline_again(self, ids: list[str]) -> dict[str, Outline]:
        """Outlines of records whose facts are missing or of another version; one that cannot be read has none."""
        found = {}
        for experiment_id in ids:
            with suppress(StoreError):
                record = self.get(experiment_id)
                if record is not None:
                    found[experiment_id] = outline_of(record)
        if found:
            with self._write() as db:
                for experiment_id, outline in found.items():
                    keep_facts(db, experiment_id, outline.facts)
        return found

    def waiting(self, limit: int = 1000) -> list[str]:
        with self._read() as db:
            rows = db.execute(
                "SELECT id FROM experiments WHERE status = ? OR (status = ? AND lease_expires < ?)"
                " ORDER BY created_at, id LIMIT ?",
                (Status.QUEUED, Status.RUNNING, time.time(), limit),
            ).fetchall()
        return [r["id"] for r in rows]

    def ahead(self, experiment_id: str) -> int:
        with self._read() as db:
            row = db.execute(
                "SELECT COUNT(*) FROM experiments AS b, experiments AS me WHERE me.id = ?"
                " AND (b.status = ? OR (b.status = ? AND b.lease_expires < ?))"
                " AND (b.created_at, b.id) < (me.created_at, me.id)",
                (experiment_id, Status.QUEUED, Status.RUNNING, time.time()),
            ).fetchone()
        return row[0]

    def queue_depth(self) -> int:
        with self._read() as db:
            return db.execute("SELECT COUNT(*) FROM experiments WHERE status = ?", (Status.QUEUED,)).fetchone()[0]

    def claim(self, experiment_id: str, owner: str, seconds: float) -> Lease | None:
        t = time.time()
        with self._write() as db:
            row = db.execute(
                "UPDATE experiments SET status = ?, owner = ?, fence = fence + 1, lease_expires = ?"
                " WHERE id = ? AND (status = ? OR (status = ? AND lease_expires < ?)) RETURNING fence",
                (Status.RUNNING, owner, t + seconds, experiment_id, Status.QUEUED, Status.RUNNING, t),
            ).fetchone()
        return Lease(owner=owner, fence=row["fence"], expires_at=t + seconds) if row else None

    def renew(self, experiment_id: str, lease: Lease, seconds: float) -> bool:
        return self._under_lease(experiment_id, lease, "lease_expires = ?", (time.time() + seconds,))

    def save(self, experiment: Experiment, lease: Lease) -> bool:
        values = (
            experiment.status,
            experiment.progress.model_dump_json(),
            experiment.model_dump_json(exclude=BESIDE),
        )
        facts = facts_of(experiment)
        return self._under_lease(experiment.id, lease, "status = ?, progress = ?, record = ?", values, facts)

    def save_progress(self, experiment_id: str, lease: Lease, progress: Progress) -> bool:
        return self._under_lease(experiment_id, lease, "progress = ?", (progress.model_dump_json(),))

    def release(self, experiment_id: str, lease: Lease) -> bool:
        return self._under_lease(experiment_id, lease, "status = ?, lease_expires = 0", (Status.QUEUED,))

    def _under_lease(
        self, experiment_id: str, lease: Lease, change: str, values: tuple, facts: Facts | None = None
    ) -> bool:
        with self._write() as db:
            done = db.execute(
                f"UPDATE experiments SET {change} WHERE id = ? AND status = ? AND owner = ? AND fence = ?",
                (*values, experiment_id, Status.RUNNING, lease.owner, lease.fence),
            )
            if facts is not None and done.rowcount == 1:
                keep_facts(db, experiment_id, facts)
            return done.rowcount == 1

    def request_cancel(self, experiment_id: str) -> Experiment | None:
        with self._write() as db:
            row = db.execute("SELECT * FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
            if row is None:
                return None
            if row["status"] == Status.QUEUED:
                record = json.loads(row["record"]) | {"finished_at": now()}
                db.execute(
                    "UPDATE experiments SET status = ?, record = ? WHERE id = ?",
                    (Status.CANCELLED, json.dumps(record), experiment_id),
                )
            elif row["status"] == Status.RUNNING:
                db.execute("UPDATE experiments SET cancel_requested = 1 WHERE id = ?", (experiment_id,))
            row = db.execute("SELECT * FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
        return experiment_of(row)

    def annotate(
        self,
        experiment_id: str,
        *,
        title: str | None = None,
        notes: str | None = None,
        archived: bool | None = None,
        released: str | None = None,
    ) -> bool:
        flag = None if archived is None else int(archived)
        changes = {"title": title, "notes": notes, "archived": flag, "released": released}
        changes = {k: v for k, v in changes.items() if v is not None}
        if not changes:
            return self.get(experiment_id) is not None
        sets = ", ".join(f"{k} = ?" for k in changes)
        with self._write() as db:
            done = db.execute(f"UPDATE experiments SET {sets} WHERE id = ?", (*changes.values(), experiment_id))
            if released is not None:
                change_facts(db, experiment_id, {"released": released})
            return done.rowcount == 1

    def set_bd_rates(self, experiment_id: str, bd_rates: dict[str, BDRate]) -> bool:
        text = json.dumps({name: rate.model_dump(mode="json") for name, rate in bd_rates.items()})
        with self._write() as db:
            done = db.execute("UPDATE experiments SET bd_rates = ? WHERE id = ?", (text, experiment_id))
            change_facts(db, experiment_id, rated(bd_rates))
            return done.rowcount == 1

    def set_perceptual(self, experiment_id: str, figures: list[PerceptualFigures]) -> bool:
        change = "UPDATE experiments SET perceptual = ? WHERE id = ?"
        with self._write() as db:
            return db.execute(change, (later.packed(figures), experiment_id)).rowcount == 1

    def set_audit(self, experiment_id: str, audit: Audit) -> bool:
        with self._write() as db:
            done = db.execute("UPDATE experiments SET audit = ? WHERE id = ?", (audit.model_dump_json(), experiment_id))
            change_facts(db, experiment_id, audited(audit))
            return done.rowcount == 1

    def add_event(
        self,
        experiment_id: str,
        kind: Literal["status", "stage", "point", "log", "warning"],
        message: str,
        progress: Progress | None = None,
    ) -> Event:
        at, shown = now(), progress.model_dump_json() if progress else None
        with self._write() as db:
            row = db.execute(
                "INSERT INTO events (experiment_id, seq, at, kind, message, progress)"
                " SELECT ?, COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ? FROM events WHERE experiment_id = ? RETURNING seq",
                (experiment_id, at, kind, message, shown, experiment_id),
            ).fetchone()
        return Event(seq=row["seq"], at=at, kind=kind, message=message, progress=progress)

    def keep_events(self, experiment_id: str, events: list[Event]) -> None:
        rows = [
            (experiment_id, e.seq, e.at, e.kind, e.message, e.progress.model_dump_json() if e.progress else None)
            for e in events
        ]
        with self._write() as db:
            db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)

    def events(self, experiment_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        with self._read() as db:
            rows = db.execute(
                "SELECT * FROM events WHERE experiment_id = ? AND seq > ? ORDER BY seq LIMIT ?",
                (experiment_id, after, limit),
            ).fetchall()
        return [
            Event(
                seq=r["seq"],
                at=r["at"],
                kind=r["kind"],
                message=r["message"],
                progress=Progress.model_validate_json(r["progress"]) if r["progress"] else None,
            )
            for r in rows
        ]


def keep_facts(db: sqlite3.Connection, experiment_id: str, facts: Facts) -> None:
    db.execute("INSERT OR REPLACE INTO outlines VALUES (?, ?)", (experiment_id, facts.model_dump_json()))


def change_facts(db: sqlite3.Connection, experiment_id: str, changes: dict[str, object]) -> None:
    """Nothing where there are none yet: whoever lists outlines makes them from the whole record."""
    row = db.execute("SELECT facts FROM outlines WHERE id = ?", (experiment_id,)).fetchone()
    if row is not None:
        with suppress(ValidationError):
            keep_facts(db, experiment_id, Facts.model_validate_json(row["facts"]).model_copy(update=changes))


def known(seen: dict[str, tuple[tuple, Outline]], row: sqlite3.Row) -> Outline | None:
    """The outline of the last reading where nothing has changed, else a new one; None without facts that can be read."""
    before = seen.get(row["id"])
    if before is not None and before[0] == tuple(row):
        return before[1]
    try:
        return outline_from(*row) if row["facts"] is not None else None
    except ValidationError:
        return None


def outline_from(
    experiment_id: str, title: str, status: str, created_at: str, parent_id: str | None, archived: int, facts: str
) -> Outline:
    return Outline(
        id=experiment_id,
        title=title,
        status=status,
        created_at=created_at,
        parent_id=parent_id,
        archived=bool(archived),
        facts=Facts.model_validate_json(facts),
    )


def cursor_of(experiment: Experiment) -> str:
    return f"{experiment.created_at}|{experiment.id}"


def conditions(query: Query) -> tuple[str, list]:
    """The WHERE clause of a listing and its values."""
    parts: list[tuple[str, list]] = []
    if query.archived is not None:
        parts.append(("archived = ?", [int(query.archived)]))
    if query.before:
        created, _, last = query.before.partition("|")
        parts.append(("(created_at, id) < (?, ?)", [created, last]))
    if query.status:
        parts.append(("status = ?", [query.status]))
    if query.parent_id:
        parts.append(("parent_id = ?", [query.parent_id]))
    if query.clip:
        parts.append(("instr(clips, ?) > 0", [f" {query.clip} "]))
    for word in (query.text or "").split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        fields = ("title", "id", "clips", "notes", "status")
        parts.append(
            ("(" + " OR ".join(f"{f} LIKE ? ESCAPE '\\'" for f in fields) + ")", [pattern] * len(fields)),
        )
    where = " AND ".join(p for p, _ in parts)
    return (f"WHERE {where}" if where else ""), [v for _, values in parts for v in values]


def experiment_of(row: sqlite3.Row) -> Experiment:
    lease = None
    if row["status"] == Status.RUNNING and row["owner"]:
        lease = {"owner": row["owner"], "fence": row["fence"], "expires_at": row["lease_expires"]}
    beside = {
        "status": row["status"],
        "title": row["title"],
        "notes": row["notes"],
        "archived": bool(row["archived"]),
        "released": row["released"] or "",
        "cancel_requested": bool(row["cancel_requested"]),
        "progress": json.loads(row["progress"]),
        "lease": lease,
    }
    record = json.loads(row["record"]) | beside
    if row["bd_rates"]:
        record["summary"]["bd_rate"] = json.loads(row["bd_rates"])
    if row["perceptual"]:
        record["results"] = later.joined(record["results"], row["perceptual"])
    if row["audit"]:
        record["audit"] = json.loads(row["audit"])
    try:
        return Experiment.model_validate(record)
    except ValueError as e:
        raise StoreError(f"The record of {row['id']} cannot be read; another version of the lab wrote it.") from e
