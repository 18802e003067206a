"""The database is copied while it is in use, three days are kept, and a lost one is a sentence that says the way back."""

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from gpu_agent.road.idle import Idle
from gpu_agent.server.backups import Backups
from gpu_agent.store import StoreError
from gpu_agent.store.local import LocalExperiments
from gpu_agent.store.local.backup import CalledOff, back_up, backups, is_due
from gpu_agent.store.open import open_artifacts, open_blind, open_experiments
from gpu_agent.store.settings import StoreSettings
from tests.gpu_agent.factory import experiment

DAY = timedelta(days=1)
START = datetime(2026, 12, 1, 3, tzinfo=UTC)
GO = threading.Event()


@pytest.fixture
def settings(tmp_path):
    return StoreSettings(data=tmp_path)


@pytest.fixture
def lab(settings):
    """A lab with one experiment and a file of it."""
    store = open_experiments(settings)
    record = experiment()
    assert store.create(record)
    open_artifacts(settings).put_bytes(f"{record.id}/carphone/r22/bitstream.clb", b"bits")
    return store, record


def emptied(path):
    for left in path.parent.glob(f"{path.name}*"):
        if "backup" not in left.name:
            left.unlink()
    path.touch()


def without_tables(path):
    emptied(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (id)")


@pytest.mark.parametrize("lose", [emptied, without_tables])
@pytest.mark.parametrize("opened", [open_experiments, open_blind])
def test_a_lost_database_beside_artifacts_is_refused_and_the_sentence_leads_back(lab, settings, lose, opened):
    _, record = lab
    path = settings.root / "lab.db"
    lose(path)
    with pytest.raises(StoreError, match=r"records were lost\. There is no backup beside it"):
        opened(settings)
    emptied(path)
    path.unlink()
    store = open_experiments(settings)
    store.create(record)
    saved = back_up(path, START, GO)
    lose(path)
    with pytest.raises(StoreError, match="records were lost") as told:
        opened(settings)
    assert f"copy {saved} to {path}" in str(told.value)
    emptied(path)
    shutil.copy(saved, path)
    assert open_experiments(settings).get(record.id) == record


def test_an_empty_file_without_artifacts_is_a_new_lab(settings):
    settings.root.mkdir(exist_ok=True)
    (settings.root / "lab.db").touch()
    assert open_experiments(settings).outlines() == []


def test_a_backup_a_day_and_three_are_kept(lab, settings):
    path = settings.root / "lab.db"
    for day in range(5):
        at = START + day * DAY
        assert is_due(path, at)
        back_up(path, at, GO)
        assert not is_due(path, at + DAY - timedelta(seconds=1))
        assert is_due(path, at + DAY)
    assert [p.name[-16:-8] for p in backups(path)] == ["20261205", "20261204", "20261203"]
    assert is_due(path, START), "the clock was wrong for a while"


def test_a_backup_is_whole_while_others_write_and_nothing_else_is_left(lab, settings):
    store, record = lab
    path, held = settings.root / "lab.db", LocalExperiments(settings.root / "lab.db")
    for _ in range(20):
        held.create(experiment())
    with held.database.write() as db:
        db.execute("UPDATE experiments SET title = 'not committed'")
        saved = back_up(path, START, GO)
    known = sorted(o.id for o in store.outlines())
    assert not list(settings.root.glob(".new-*"))
    opened = LocalExperiments(saved)
    assert sorted(o.id for o in opened.outlines()) == known
    assert opened.get(record.id) == record


def test_a_backup_is_called_off_for_a_codec_and_made_later(lab, settings):
    path, cancel = settings.root / "lab.db", threading.Event()
    cancel.set()
    with pytest.raises(CalledOff):
        back_up(path, START, cancel)
    thread = Backups(path, Idle(), threading.Event())
    thread.look(START, cancel)
    assert (backups(path), list(settings.root.glob(".new-*"))) == ([], [])
    thread.look(START, GO)
    thread.look(START + DAY / 2, GO)
    assert len(backups(path)) == 1


def test_a_lab_without_experiments_pushes_no_backup_out(settings):
    open_experiments(settings)
    assert back_up(settings.root / "lab.db", START, GO) is None
    assert backups(settings.root / "lab.db") == []


def test_what_goes_wrong_is_logged_and_tried_again(lab, settings, caplog):
    Backups(settings.root / "none" / "lab.db", Idle(), threading.Event()).look(START, GO)
    assert "could not be backed up" in caplog.text


def test_the_thread_backs_up_when_the_machine_is_idle_and_ends_with_the_agent(lab, settings, monkeypatch):
    made = threading.Event()
    look = Backups.look
    monkeypatch.setattr(Backups, "look", lambda self, at, cancel: (look(self, at, cancel), made.set()))
    idle, halt = Idle(), threading.Event()
    idle.hold(True)
    thread = Backups(settings.root / "lab.db", idle, halt)
    thread.start()
    assert backups(settings.root / "lab.db") == []
    idle.hold(False)
    assert made.wait(60)
    assert len(backups(settings.root / "lab.db")) == 1
    halt.set()
    idle.stop()
    thread.join(60)
    assert not thread.is_alive()
