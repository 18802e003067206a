"""Drafts: the code a person is working on, kept through page switches, refreshes and restarts.

One small SQLite file of the app, beside the store of experiments, which agent and app share.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from contextlib import closing
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gpu_agent.models import Origin, now


@dataclass
class Draft:
    """`baseline` is what the diff is drawn against: the parent's code or the last reply's. `form` is the run form's state.

    `revision` counts replacements of the text by the app (a starter opened, a reply taken), not keystrokes.
    `source_sha256` is the hash of the text as `origin` gave it: another hash means that a person has edited it since.
    `hypothesis` is what is expected of the text, and `tested_sha256` the hash of the text that was dispatched with it:
    it says nothing of another text.
    """

    id: str
    text: str = ""
    baseline: str | None = None
    baseline_name: str = ""
    revision: int = 0
    source_sha256: str | None = None
    parent_id: str | None = None
    origin: dict[str, Any] = field(default_factory=lambda: Origin().model_dump(mode="json", exclude_none=True))
    conversation_id: str | None = None
    experiment_id: str | None = None
    hypothesis: dict[str, Any] | None = None
    tested_sha256: str | None = None
    form: dict[str, Any] = field(default_factory=dict)
    updated_at: str = ""


class Drafts:
    """Load, save and list drafts. Safe for several sessions; the last writer of one draft wins."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path, self._lock = path, threading.Lock()
        with closing(self._db()) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS drafts (id TEXT PRIMARY KEY, updated_at TEXT NOT NULL, body TEXT NOT NULL)"
            )

    def _db(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        return db

    def new(self) -> Draft:
        draft = Draft(secrets.token_hex(4))
        self.save(draft)
        return draft

    def get(self, draft_id: str) -> Draft | None:
        with self._lock, closing(self._db()) as db:
            row = db.execute("SELECT body FROM drafts WHERE id = ?", (draft_id,)).fetchone()
        return read(row[0]) if row else None

    def latest(self) -> Draft | None:
        with self._lock, closing(self._db()) as db:
            row = db.execute("SELECT body FROM drafts ORDER BY updated_at DESC LIMIT 1").fetchone()
        return read(row[0]) if row else None

    def update(self, draft_id: str, **changes: Any) -> None:
        """Change some fields and leave the others as another callback or tab may have written them meanwhile."""
        with self._lock, closing(self._db()) as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT body FROM drafts WHERE id = ?", (draft_id,)).fetchone()
            if row is not None:
                body = json.loads(row[0]) | changes | {"updated_at": now()}
                db.execute(
                    "UPDATE drafts SET updated_at = ?, body = ? WHERE id = ?",
                    (body["updated_at"], json.dumps(body), draft_id),
                )
            db.execute("COMMIT")

    def save(self, draft: Draft) -> None:
        draft.updated_at = now()
        with self._lock, closing(self._db()) as db:
            db.execute(
                "INSERT INTO drafts VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at,"
                " body = excluded.body",
                (draft.id, draft.updated_at, json.dumps(asdict(draft))),
            )


def read(body: str) -> Draft:
    """Fields that another version of the lab wrote beside are left out; `update` keeps them."""
    known = {f.name for f in fields(Draft)}
    return Draft(**{k: v for k, v in json.loads(body).items() if k in known})
