"""Rows to records, and the conditions of a listing."""

from __future__ import annotations

import json
import sqlite3

from ...models import Experiment, Status
from .. import later
from ..protocols import Query, StoreError

# Columns that live beside the JSON record, because the other side writes them or a query needs them.
BESIDE = {"status", "title", "notes", "archived", "released", "cancel_requested", "progress", "lease"}


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
