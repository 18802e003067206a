"""Events as rows that are numbered where they are inserted: one statement, so that two writers share no number."""

from __future__ import annotations

from ...models import Event, Progress, now
from .database import Database


class Events:
    def __init__(self, database: Database):
        self._database = database

    def add(self, experiment_id: str, kind: str, message: str, progress: Progress | None) -> Event:
        at, shown = now(), progress.model_dump_json() if progress else None
        with self._database.write() as db:
            row = db.execute(
                "INSERT INTO events (experiment_id, seq, at, kind, message, progress)"
                " SELECT ?, COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ? FROM events WHERE experiment_id = ? RETURNING seq",
                (experiment_id, at, kind, message, shown, experiment_id),
            ).fetchone()
        return Event(seq=row["seq"], at=at, kind=kind, message=message, progress=progress)

    def keep(self, experiment_id: str, events: list[Event]) -> None:
        rows = [
            (experiment_id, e.seq, e.at, e.kind, e.message, e.progress.model_dump_json() if e.progress else None)
            for e in events
        ]
        with self._database.write() as db:
            db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)

    def after(self, experiment_id: str, after: int, limit: int) -> list[Event]:
        with self._database.read() as db:
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
