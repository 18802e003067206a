"""The background thread: what it takes up, that it yields, and that it comes to an end."""

import threading

import pytest

from gpu_agent.audit import ORDER, Auditor, auditor
from gpu_agent.audit.bench import unknown
from gpu_agent.models import Audit, Badge, Failure, Status, now
from gpu_agent.road import background
from gpu_agent.road.idle import Idle
from gpu_agent.road.report import RunFailed
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment, row

DONE = 20


def good(*_, **__) -> Audit:
    return Audit(at=now(), badges=[Badge(name=name, verdict="good", text="fine") for name in ORDER])


class Watched(LocalExperiments):
    """Tells when an audit was written."""

    def __init__(self, path):
        super().__init__(path)
        self.written = threading.Semaphore(0)

    def set_audit(self, experiment_id, audit):
        done = super().set_audit(experiment_id, audit)
        self.written.release()
        return done


@pytest.fixture
def store(tmp_path):
    return Watched(tmp_path / "lab.db")


@pytest.fixture
def start(store, monkeypatch):
    """start(make): an auditor that makes audits so; stopped in the end."""
    running = []

    def begin(make, idle=None):
        monkeypatch.setattr(auditor, "audit", make)
        thread = Auditor(None, store, idle or Idle(), lambda *_: None)
        running.append(thread)
        thread.start()
        return thread

    yield begin
    for thread in running:
        thread.idle.stop()
        thread.stop()
        thread.join(DONE)
        assert not thread.is_alive()


def succeeded(store, **changes):
    e = experiment(results=[row()], **changes)
    assert store.create(e)
    lease = store.claim(e.id, "a", 60)
    e.status = Status.SUCCEEDED
    assert store.save(e, lease)
    return e


def test_recent_records_are_audited_at_the_start_and_new_ones_after(store, start):
    old = succeeded(store)
    thread = start(good)
    assert store.written.acquire(timeout=DONE)
    assert {b.verdict for b in store.get(old.id).audit.badges} == {"good"}
    new = succeeded(store)
    thread.want(new)
    assert store.written.acquire(timeout=DONE)
    assert store.get(new.id).audit is not None


def test_nothing_is_begun_while_a_codec_runs(store, start):
    idle, begun = Idle(), threading.Event()
    idle.hold(True)
    e = succeeded(store)

    def make(*args, **more):
        begun.set()
        assert not idle._busy
        return good()

    start(make, idle)
    assert not begun.is_set()
    idle.hold(False)
    assert store.written.acquire(timeout=DONE)
    assert store.get(e.id).audit is not None


def test_a_run_interrupts_an_audit_which_is_taken_up_again_with_what_was_found(store, start):
    idle, seen = Idle(), []
    e = succeeded(store)
    first = Badge(name="deterministic", verdict="good", text="once")

    def make(tools, record, curve_of, cancel, *, known=None):
        seen.append(known)
        if len(seen) == 1:
            idle.hold(True)
            assert cancel.wait(DONE)
            rest = [unknown(name, "interrupted", retry=True) for name in ORDER if name != "deterministic"]
            return Audit(at=now(), badges=[first, *rest])
        return good()

    start(make, idle)
    assert store.written.acquire(timeout=DONE)
    assert first in store.get(e.id).audit.badges
    idle.hold(False)
    assert store.written.acquire(timeout=DONE)
    assert len(seen) == 2
    assert first in seen[1].badges
    assert {b.verdict for b in store.get(e.id).audit.badges} == {"good"}


def test_endless_interruptions_come_to_an_end(store, start, monkeypatch):
    monkeypatch.setattr(background, "MAX_INTERRUPTIONS", 3)
    idle, count = Idle(), []
    succeeded(store)

    def make(tools, record, curve_of, cancel, *, known=None):
        count.append(1)
        idle.hold(True)
        idle.hold(False)
        return Audit(at=now(), badges=[unknown(name, "interrupted", retry=True) for name in ORDER])

    thread = start(make, idle)
    for _ in range(4):
        assert store.written.acquire(timeout=DONE)
    thread.look("unknown")  # the queue is drained before this one
    idle.stop()
    thread.stop()
    thread.join(DONE)
    assert len(count) == 4


def test_a_full_disk_is_said_and_one_failure_stops_no_other(store, start):
    full, other = succeeded(store), succeeded(store)

    def make(tools, record, *rest, **more):
        if record.id == full.id:
            raise RunFailed(Failure(category="lost", message="The disk is too full."))
        raise ZeroDivisionError

    thread = start(make)
    assert store.written.acquire(timeout=DONE)
    found = store.get(full.id).audit
    assert {b.verdict for b in found.badges} == {"unknown"}
    assert "too full" in found.badges[0].text
    last = succeeded(store)
    thread.want(last)
    assert thread.is_alive()
    assert store.get(other.id).audit is None


def test_a_complete_audit_is_not_made_again(store, start):
    e = succeeded(store)
    store.set_audit(e.id, good())
    store.written.acquire()
    made = []
    thread = start(lambda *_, **__: made.append(1) or good())
    other = succeeded(store)
    thread.want(other)
    assert store.written.acquire(timeout=DONE)
    # too_good is judged from the record, which has no BD-rates: that verdict alone changes, once
    thread.look(e.id)
    assert store.written.acquire(timeout=DONE)
    assert len(made) <= 1
