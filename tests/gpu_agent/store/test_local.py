"""What is particular to the local home."""

import sqlite3

import pytest

from gpu_agent.store import StoreError
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment


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
