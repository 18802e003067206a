"""What is particular to the local home."""

import sqlite3

import pytest

from gpu_agent.models import PerceptualFigures, Status
from gpu_agent.store import StoreError
from gpu_agent.store.local import LocalExperiments
from gpu_agent.store.local.database import LATER_COLUMNS
from tests.gpu_agent.factory import experiment, row


def test_a_store_that_is_no_database_is_a_sentence(tmp_path):
    (tmp_path / "lab.db").write_text("this is not a database, not at all, and it is long enough to be looked at")
    with pytest.raises(StoreError, match=r"lab\.db"):
        LocalExperiments(tmp_path / "lab.db")


def test_a_record_of_another_version_is_a_sentence(tmp_path):
    store = LocalExperiments(tmp_path / "lab.db")
    e = experiment()
    store.create(e)
    with sqlite3.connect(tmp_path / "lab.db") as db:
        db.execute("UPDATE experiments SET record = json_set(record, '$.unknown', 1)")
    db.close()
    with pytest.raises(StoreError, match="another version"):
        store.get(e.id)


def test_a_file_of_the_first_version_is_opened_and_gets_what_it_lacks(tmp_path):
    path = tmp_path / "lab.db"
    old = LocalExperiments(path)
    e = experiment(status=Status.SUCCEEDED, results=[row()])
    old.create(e)
    with sqlite3.connect(path) as db:
        for column in LATER_COLUMNS:
            db.execute(f"ALTER TABLE experiments DROP COLUMN {column}")
    store = LocalExperiments(path)
    assert store.get(e.id) == e
    assert store.set_perceptual(e.id, [PerceptualFigures(clip="carphone", rate=22, vmaf=90.0)])
    assert store.get(e.id).results[0].vmaf == 90.0
