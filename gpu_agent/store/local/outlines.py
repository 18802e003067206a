"""Outlines in SQLite: the facts in a table of their own, the rest from the record's columns.

Facts that are missing or of another version are made again from the record and kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from ...models import Experiment
from ...outline import Facts, Outline, outline_of
from ..protocols import StoreError
from .database import Database


class Outlines:
    """Those that were read last are kept: reading thousands again is then quick."""

    def __init__(self, database: Database):
        self._database = database
        self._seen: dict[str, tuple[tuple, Outline]] = {}

    def all(self, get: Callable[[str], Experiment | None]) -> list[Outline]:
        """Newest first. `get` makes the record of an id."""
        with self._database.read() as db:
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
        again = self._again(older, get)
        found = {name: outline for name, (_, outline) in self._seen.items()} | again
        return [found[row["id"]] for row in rows if row["id"] in found]

    def _again(self, ids: list[str], get: Callable[[str], Experiment | None]) -> dict[str, Outline]:
        """Outlines of records whose facts are missing or of another version; one that cannot be read has none."""
        found = {}
        for experiment_id in ids:
            with suppress(StoreError):
                record = get(experiment_id)
                if record is not None:
                    found[experiment_id] = outline_of(record)
        if found:
            with self._database.write() as db:
                for experiment_id, outline in found.items():
                    keep_facts(db, experiment_id, outline.facts)
        return found


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
