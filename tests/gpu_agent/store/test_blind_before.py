"""Blind tests that the lab's first version kept in the app's own file are taken over, once, with every answer."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from gpu_agent.store.open import open_blind
from gpu_agent.store.settings import StoreSettings

BEFORE = """
CREATE TABLE blind_series (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, pair TEXT NOT NULL, experiments TEXT NOT NULL, clip TEXT NOT NULL,
  clip_sha256 TEXT NOT NULL, frames INTEGER NOT NULL, one TEXT NOT NULL, two TEXT NOT NULL, created_at TEXT NOT NULL,
  closed_at TEXT);
CREATE TABLE blind_trials (
  id TEXT PRIMARY KEY, series_id TEXT NOT NULL, number INTEGER NOT NULL, swapped INTEGER NOT NULL, x_is TEXT NOT NULL,
  answer TEXT, answered_at TEXT, UNIQUE (series_id, number));
CREATE TABLE conversations (id TEXT);
"""
POINT = {"label": "Codec", "preview": "exp-000001/carphone/r27/preview.mp4", "exact": "exp-000001/{frame}", "rate": 27.0,
         "kbps": 412.0, "psnr_yuv": 34.0, "experiment": "exp-000001"}  # fmt: skip
OTHER = POINT | {"label": "x264", "preview": "clips/0/preview.mp4", "experiment": None}


def written(path):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(BEFORE)
        row = (
            "0a0a0a0a0a0a",
            "abx",
            "[]",
            " exp-000001 ",
            "carphone",
            "0" * 64,
            8,
            json.dumps(POINT),
            json.dumps(OTHER),
        )
        db.execute("INSERT INTO blind_series VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*row, "2026-01-01T00:00:00Z", None))
        for number, answer in ((1, "a"), (2, "b"), (3, None)):
            trial = (f"t{number}", row[0], number, 1, "b", answer, "2026-01-01T00:01:00Z" if answer else None)
            db.execute("INSERT INTO blind_trials VALUES (?,?,?,?,?,?,?)", trial)
        db.commit()


def test_tests_of_the_first_version_are_taken_over_once(tmp_path):
    written(tmp_path / "app.db")
    settings = StoreSettings(data=tmp_path)
    for _ in range(2):
        (found,) = open_blind(settings).of_experiment("exp-000001")
        assert (found.kind, found.frames, found.closed_at) == ("abx", 8, None)
        assert found.one.model_dump() == POINT
        assert [(t.swapped, t.x_is, t.answer) for t in found.trials] == [(True, "b", "a"), (True, "b", "b")]
    with closing(sqlite3.connect(tmp_path / "app.db")) as db:
        assert [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")] == [
            "conversations"
        ]
