"""The ledger: every run and every attempt in one SQLite file (WAL), shared by the service and the pages.

Append and update, never delete. The service alone writes runs and attempts; pages write wishes (`wish`, `say`, `start`)
and read. Each write is one transaction, so that a process killed at any instant leaves the state before or after it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from gpu_agent.models import new_id, now

from .models import Attempt, Run, RunSettings, Wish, Word

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, created_at TEXT NOT NULL, state TEXT NOT NULL, wish TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
  run_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, prompt TEXT NOT NULL, reply TEXT NOT NULL,
  code TEXT NOT NULL, PRIMARY KEY (run_id, number));
CREATE TABLE IF NOT EXISTS words (
  id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
  text TEXT NOT NULL, attempt INTEGER);
CREATE TABLE IF NOT EXISTS service (one INTEGER PRIMARY KEY CHECK (one = 1), at TEXT NOT NULL, said TEXT NOT NULL);
"""
TEXTS = {"prompt", "reply", "code"}


class Pulse(NamedTuple):
    """When the service was last heard, and what it said of itself."""

    at: str
    said: str


class Ledger:
    """Safe for several threads and processes of one machine."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path, self._lock = path, threading.Lock()
        with self._write() as db:
            db.executescript(SCHEMA)

    # The pages' side ------------------------------------------------------------------------------------------------

    def start(self, settings: RunSettings, title: str = "") -> Run:
        """A new run, which the service takes up at its next look."""
        made = Run(id=new_id(), created_at=now(), title=title.strip() or title_of(settings), settings=settings)
        with self._write() as db:
            body = made.model_dump_json(exclude={"wish"})
            db.execute("INSERT INTO runs VALUES (?,?,?,?,?)", (made.id, made.created_at, made.state, made.wish, body))
        return made

    def wish(self, run_id: str, wish: Wish) -> None:
        """What the run is to do from now on. A stop is final."""
        with self._write() as db:
            db.execute("UPDATE runs SET wish = ? WHERE id = ? AND wish != 'stop'", (wish, run_id))

    def say(
        self, run_id: str, kind: Literal["steer", "approve", "reject"], text: str = "", attempt: int | None = None
    ) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO words (run_id, at, kind, text, attempt) VALUES (?,?,?,?,?)",
                (run_id, now(), kind, text, attempt),
            )

    # The service's side ---------------------------------------------------------------------------------------------

    def save(self, run: Run) -> None:
        with self._write() as db:
            body = run.model_dump_json(exclude={"wish"})
            db.execute("UPDATE runs SET state = ?, body = ? WHERE id = ?", (run.state, body, run.id))

    def put(self, attempt: Attempt) -> None:
        """Add the attempt or bring it up to date."""
        with self._write() as db:
            row = (
                attempt.run_id,
                attempt.number,
                attempt.model_dump_json(exclude=TEXTS),
                attempt.prompt,
                attempt.reply,
                attempt.code,
            )
            db.execute(
                "INSERT INTO attempts VALUES (?,?,?,?,?,?) ON CONFLICT (run_id, number) DO UPDATE SET"
                " body = excluded.body, prompt = excluded.prompt, reply = excluded.reply, code = excluded.code",
                row,
            )

    def beat(self, said: str) -> None:
        """The service lives, and this is what it says of itself."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO service VALUES (1, ?, ?)", (now(), said))

    # Reading --------------------------------------------------------------------------------------------------------

    def pulse(self) -> Pulse | None:
        with self._read() as db:
            row = db.execute("SELECT at, said FROM service").fetchone()
        return Pulse(*row) if row else None

    def run(self, run_id: str) -> Run | None:
        with self._read() as db:
            row = db.execute("SELECT body, wish FROM runs WHERE id = ?", (run_id,)).fetchone()
        return run_of(row) if row else None

    def runs(self, limit: int = 100) -> list[Run]:
        """Newest first."""
        with self._read() as db:
            rows = db.execute("SELECT body, wish FROM runs ORDER BY created_at DESC, id DESC LIMIT ?", (limit,))
            return [run_of(row) for row in rows]

    def under_way(self) -> list[Run]:
        """Runs that have not ended, oldest first."""
        with self._read() as db:
            rows = db.execute("SELECT body, wish FROM runs WHERE state != 'ended' ORDER BY created_at, id")
            return [run_of(row) for row in rows]

    def attempts(self, run_id: str, texts: bool = True) -> list[Attempt]:
        """In order. Without `texts` prompt, reply and code are left empty, which is quick for hundreds of attempts."""
        columns = "body, prompt, reply, code" if texts else "body, '', '', ''"
        with self._read() as db:
            rows = db.execute(f"SELECT {columns} FROM attempts WHERE run_id = ? ORDER BY number", (run_id,))
            return [attempt_of(row) for row in rows]

    def attempt(self, run_id: str, number: int) -> Attempt | None:
        with self._read() as db:
            row = db.execute(
                "SELECT body, prompt, reply, code FROM attempts WHERE run_id = ? AND number = ?", (run_id, number)
            ).fetchone()
        return attempt_of(row) if row else None

    def words(self, run_id: str) -> list[Word]:
        """Oldest first."""
        with self._read() as db:
            rows = db.execute(
                "SELECT id, run_id, at, kind, text, attempt FROM words WHERE run_id = ? ORDER BY id", (run_id,)
            )
            return [Word(**dict(zip(("id", "run_id", "at", "kind", "text", "attempt"), row))) for row in rows]

    def reply_lengths(self, model: str, most: int = 200) -> list[int]:
        """Output tokens of the latest whole replies of a model, over all runs: what a reply of it usually takes."""
        with self._read() as db:
            rows = db.execute(
                "SELECT json_extract(body, '$.tokens.output') FROM attempts WHERE json_extract(body, '$.model') = ?"
                " AND json_extract(body, '$.request') = 'settled' ORDER BY json_extract(body, '$.created_at') DESC LIMIT ?",
                (model, most),
            )
            return [count for (count,) in rows if count]

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as db:
            yield db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                if db.in_transaction:
                    db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")  # a request must not be sent before the disk knows of it
        return db


def run_of(row: tuple) -> Run:
    return Run.model_validate(json.loads(row[0]) | {"wish": row[1]})


def attempt_of(row: tuple) -> Attempt:
    body, prompt, reply, code = row
    return Attempt.model_validate(json.loads(body) | {"prompt": prompt, "reply": reply, "code": code})


def title_of(settings: RunSettings) -> str:
    """The goal's first line, or what it starts from."""
    line = settings.goal.strip().partition("\n")[0].strip()
    line = line or f"From {settings.starts[0].name}"
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
