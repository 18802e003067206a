"""Blind tests and their answers in the app's own SQLite file: nothing is lost on a refresh, and nothing is ever overwritten.

They name the experiments that they are about by id. A page is shown a trial's id and nothing of what is behind it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gpu_agent.models import now

from .trial import ANSWERS, Kind, Series, Stimulus, Trial, draw

SCHEMA = """
CREATE TABLE IF NOT EXISTS blind_series (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, pair TEXT NOT NULL, experiments TEXT NOT NULL, clip TEXT NOT NULL,
  clip_sha256 TEXT NOT NULL, frames INTEGER NOT NULL, one TEXT NOT NULL, two TEXT NOT NULL, created_at TEXT NOT NULL,
  closed_at TEXT);
CREATE INDEX IF NOT EXISTS blind_by_pair ON blind_series (pair, created_at);
CREATE TABLE IF NOT EXISTS blind_trials (
  id TEXT PRIMARY KEY, series_id TEXT NOT NULL, number INTEGER NOT NULL, swapped INTEGER NOT NULL, x_is TEXT NOT NULL,
  answer TEXT, answered_at TEXT, UNIQUE (series_id, number));
"""
SERIES = "id, kind, clip, clip_sha256, frames, one, two, created_at, closed_at"
TRIAL = "id, series_id, number, swapped, x_is, answer"


class BlindStore:
    """Safe for several sessions and threads; of two answers to one trial the first counts."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path, self._lock = path, threading.Lock()
        with self._db() as db:
            db.executescript(SCHEMA)

    @contextmanager
    def _db(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            yield db

    def begin(self, kind: Kind, clip: str, clip_sha256: str, frames: int, one: Stimulus, two: Stimulus) -> Series:
        """A new test with its first trial; the open one of the same pair and kind where there is one."""
        known = self.open(kind, one, two)
        if known is not None:
            return known
        made = Series(secrets.token_hex(6), kind, clip, clip_sha256, frames, one, two, now())
        experiments = f" {' '.join(s.experiment for s in (one, two) if s.experiment)} "
        row = (made.id, kind, pair_of(one, two), experiments, clip, clip_sha256, frames, *map(text_of, (one, two)))
        with self._db() as db:
            db.execute(
                "INSERT INTO blind_series (id, kind, pair, experiments, clip, clip_sha256, frames, one, two, created_at)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                (*row, made.created_at),
            )
            add(db, draw(made.id, 1))
        return made

    def open(self, kind: Kind, one: Stimulus, two: Stimulus) -> Series | None:
        """The test of this pair, in either order, that is not closed."""
        where = "pair = ? AND kind = ? AND closed_at IS NULL ORDER BY created_at DESC LIMIT 1"
        return next(iter(self._series(where, (pair_of(one, two), kind))), None)

    def running(self, one: Stimulus, two: Stimulus) -> Series | None:
        """The open test of this pair, of whichever kind; the newest where there are two."""
        found = [s for kind in ANSWERS if (s := self.open(kind, one, two))]
        return max(found, key=lambda s: s.created_at, default=None)

    def of_pair(self, one: Stimulus, two: Stimulus) -> list[Series]:
        """Closed tests of this pair, newest first."""
        return self._series("pair = ? AND closed_at IS NOT NULL ORDER BY created_at DESC", (pair_of(one, two),))

    def of_experiment(self, experiment_id: str) -> list[Series]:
        """Closed tests with a point of this experiment, newest first."""
        where = "instr(experiments, ?) AND closed_at IS NOT NULL ORDER BY created_at DESC"
        return self._series(where, (f" {experiment_id} ",))

    def series(self, series_id: str) -> Series | None:
        return next(iter(self._series("id = ?", (series_id,))), None)

    def trial(self, trial_id: str) -> Trial | None:
        with self._db() as db:
            row = db.execute(f"SELECT {TRIAL} FROM blind_trials WHERE id = ?", (trial_id,)).fetchone()
        return read_trial(row) if row else None

    def trials(self, series_id: str) -> list[Trial]:
        with self._db() as db:
            rows = db.execute(f"SELECT {TRIAL} FROM blind_trials WHERE series_id = ? ORDER BY number", (series_id,))
            return [read_trial(row) for row in rows]

    def current(self, series_id: str) -> Trial:
        """The trial that waits for an answer."""
        return next(t for t in self.trials(series_id) if t.answer is None)

    def answer(self, trial_id: str, answer: str) -> bool:
        """Keep an answer and draw the next trial. False where the trial was answered, or its test closed, before."""
        with self._db() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute(
                "SELECT s.id, s.kind, t.number FROM blind_trials t JOIN blind_series s ON s.id = t.series_id"
                " WHERE t.id = ? AND t.answer IS NULL AND s.closed_at IS NULL",
                (trial_id,),
            ).fetchone()
            if row is not None and answer in ANSWERS[row[1]]:
                db.execute(
                    "UPDATE blind_trials SET answer = ?, answered_at = ? WHERE id = ?", (answer, now(), trial_id)
                )
                add(db, draw(row[0], row[2] + 1))
            db.execute("COMMIT")
        return row is not None and answer in ANSWERS[row[1]]

    def close(self, series_id: str) -> None:
        """No more answers: only now is the result told, so that nobody stops when it happens to look good."""
        with self._db() as db:
            db.execute("UPDATE blind_series SET closed_at = ? WHERE id = ? AND closed_at IS NULL", (now(), series_id))

    def _series(self, where: str, values: tuple) -> list[Series]:
        with self._db() as db:
            rows = db.execute(f"SELECT {SERIES} FROM blind_series WHERE {where}", values).fetchall()
        return [Series(*r[:5], read_stimulus(r[5]), read_stimulus(r[6]), *r[7:]) for r in rows]


def add(db: sqlite3.Connection, trial: Trial) -> None:
    row = (trial.id, trial.series_id, trial.number, int(trial.swapped), trial.x_is)
    db.execute("INSERT INTO blind_trials (id, series_id, number, swapped, x_is) VALUES (?,?,?,?,?)", row)


def pair_of(one: Stimulus, two: Stimulus) -> str:
    """The same for both orders."""
    return json.dumps(sorted((one.preview, two.preview)))


def text_of(stimulus: Stimulus) -> str:
    return json.dumps(stimulus._asdict())


def read_stimulus(text: str) -> Stimulus:
    known = json.loads(text)
    return Stimulus(**{name: known[name] for name in Stimulus._fields if name in known})


def read_trial(row: tuple) -> Trial:
    return Trial(row[0], row[1], row[2], bool(row[3]), row[4], row[5])
