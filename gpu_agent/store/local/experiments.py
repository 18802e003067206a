"""`ExperimentStore` over SQLite: records, the queue with its leases, and what people write."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

from ...models import Audit, BDRate, Event, Experiment, Lease, PerceptualFigures, Progress, Status, now
from ...outline import Facts, Outline, audited, facts_of, rated
from .. import later
from ..protocols import Page, Query
from .database import Database
from .events import Events
from .outlines import Outlines, change_facts, keep_facts
from .rows import BESIDE, conditions, cursor_of, experiment_of


class LocalExperiments:
    """Safe for several threads and processes on one machine."""

    def __init__(self, path: Path):
        self.database = Database(path)
        self._events, self._outlines = Events(self.database), Outlines(self.database)

    def create(self, experiment: Experiment) -> bool:
        e = experiment
        clips = " ".join(c.name for c in e.clips)
        row = (e.id, e.created_at, e.status, e.parent_id, f" {clips} ", e.title, e.notes, int(e.archived), e.released)
        with self.database.write() as db:
            done = db.execute(
                "INSERT OR IGNORE INTO experiments (id, created_at, status, parent_id, clips, title, notes, archived,"
                " released, progress, record) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*row, e.progress.model_dump_json(), e.model_dump_json(exclude=BESIDE)),
            )
            if done.rowcount == 1:
                keep_facts(db, e.id, facts_of(e))
            return done.rowcount == 1

    def get(self, experiment_id: str) -> Experiment | None:
        with self.database.read() as db:
            row = db.execute("SELECT * FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
        return experiment_of(row) if row else None

    def page(self, query: Query) -> Page:
        where, values = conditions(query)
        sql = f"SELECT * FROM experiments {where} ORDER BY created_at DESC, id DESC LIMIT ?"
        with self.database.read() as db:
            rows = db.execute(sql, (*values, query.limit + 1)).fetchall()
        items = [experiment_of(r) for r in rows[: query.limit]]
        more = len(rows) > query.limit
        return Page(items, cursor_of(items[-1]) if more else None)

    def outlines(self) -> list[Outline]:
        return self._outlines.all(self.get)

    def waiting(self, limit: int = 1000) -> list[str]:
        with self.database.read() as db:
            rows = db.execute(
                "SELECT id FROM experiments WHERE status = ? OR (status = ? AND lease_expires < ?)"
                " ORDER BY created_at, id LIMIT ?",
                (Status.QUEUED, Status.RUNNING, time.time(), limit),
            ).fetchall()
        return [r["id"] for r in rows]

    def ahead(self, experiment_id: str) -> int:
        with self.database.read() as db:
            row = db.execute(
                "SELECT COUNT(*) FROM experiments AS b, experiments AS me WHERE me.id = ?"
                " AND (b.status = ? OR (b.status = ? AND b.lease_expires < ?))"
                " AND (b.created_at, b.id) < (me.created_at, me.id)",
                (experiment_id, Status.QUEUED, Status.RUNNING, time.time()),
            ).fetchone()
        return row[0]

    def queue_depth(self) -> int:
        with self.database.read() as db:
            return db.execute("SELECT COUNT(*) FROM experiments WHERE status = ?", (Status.QUEUED,)).fetchone()[0]

    def claim(self, experiment_id: str, owner: str, seconds: float) -> Lease | None:
        t = time.time()
        with self.database.write() as db:
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
        with self.database.write() as db:
            done = db.execute(
                f"UPDATE experiments SET {change} WHERE id = ? AND status = ? AND owner = ? AND fence = ?",
                (*values, experiment_id, Status.RUNNING, lease.owner, lease.fence),
            )
            if facts is not None and done.rowcount == 1:
                keep_facts(db, experiment_id, facts)
            return done.rowcount == 1

    def request_cancel(self, experiment_id: str) -> Experiment | None:
        with self.database.write() as db:
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
        with self.database.write() as db:
            done = db.execute(f"UPDATE experiments SET {sets} WHERE id = ?", (*changes.values(), experiment_id))
            if released is not None:
                change_facts(db, experiment_id, {"released": released})
            return done.rowcount == 1

    def set_bd_rates(self, experiment_id: str, bd_rates: dict[str, BDRate]) -> bool:
        text = json.dumps({name: rate.model_dump(mode="json") for name, rate in bd_rates.items()})
        with self.database.write() as db:
            done = db.execute("UPDATE experiments SET bd_rates = ? WHERE id = ?", (text, experiment_id))
            change_facts(db, experiment_id, rated(bd_rates))
            return done.rowcount == 1

    def set_perceptual(self, experiment_id: str, figures: list[PerceptualFigures]) -> bool:
        change = "UPDATE experiments SET perceptual = ? WHERE id = ?"
        with self.database.write() as db:
            return db.execute(change, (later.packed(figures), experiment_id)).rowcount == 1

    def set_audit(self, experiment_id: str, audit: Audit) -> bool:
        with self.database.write() as db:
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
        return self._events.add(experiment_id, kind, message, progress)

    def keep_events(self, experiment_id: str, events: list[Event]) -> None:
        self._events.keep(experiment_id, events)

    def events(self, experiment_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        return self._events.after(experiment_id, after, limit)
