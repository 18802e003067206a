"""The worker and its lease: each experiment runs once, a stale result is refused, a terminal record is always written."""

import sqlite3
import threading

import pytest

from gpu_agent.clips import Catalogue
from gpu_agent.jail.canary import JailStatus
from gpu_agent.models import ErrorCategory, Status
from gpu_agent.road import worker as module
from gpu_agent.road.report import RunCancelled
from gpu_agent.road.tools import Tools
from gpu_agent.road.worker import Worker
from gpu_agent.store import StoreError
from gpu_agent.store.folder import FolderArtifacts
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.clips.in_process import InProcess
from tests.gpu_agent.factory import experiment, row
from tests.gpu_agent.live import settings_for

PATIENCE = 30


class StubJail:
    def status(self) -> JailStatus:
        return JailStatus(True, "watchdog", "It is not asked to hold anything here.")


class StubWalk:
    """Stands in for the road: says that it began, then waits to be let go or cancelled."""

    began: list[str]
    free: threading.Event
    started: threading.Semaphore

    def __init__(self, tools, experiment, reporter, cancel, original, parent):
        self.experiment, self.cancel, self.original = experiment, cancel, original

    def run(self):
        e = self.experiment
        StubWalk.began.append(e.id)
        StubWalk.started.release()
        while not StubWalk.free.wait(0.005):
            if self.cancel.is_set():
                e.status = Status.CANCELLED
                return e
        e.status, e.results = Status.SUCCEEDED, [row()]
        return e


@pytest.fixture
def walk(monkeypatch):
    StubWalk.began, StubWalk.free, StubWalk.started = [], threading.Event(), threading.Semaphore(0)
    monkeypatch.setattr(module, "Walk", StubWalk)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    return StubWalk


@pytest.fixture
def make(tmp_path, walk):
    """A worker on the folder's one store, as a process of its own would have it; stopped at the end."""
    made = []

    def one(**changes) -> Worker:
        settings = settings_for(tmp_path, **({"lease_seconds": 60} | changes))
        tools = Tools(
            settings, StubJail(), Catalogue(settings, InProcess()), FolderArtifacts(tmp_path / "a", tmp_path / "b")
        )
        made.append(Worker(tools, LocalExperiments(settings.database)))
        return made[-1]

    yield one
    for worker in made:
        if worker.is_alive():
            worker.stop(PATIENCE)
            assert not worker.is_alive()


def until(worker: Worker, experiment_id: str, status: Status):
    """Wait on the worker's own news, as a long poll does."""
    for _ in range(PATIENCE * 100):
        known = worker.news
        e = worker.store.get(experiment_id)
        if e.status is status:
            return e
        worker.wait_for_news(known, 0.01)
    raise AssertionError(f"{experiment_id} is {e.status}, not {status}")


def twenty(worker: Worker) -> list:
    made = [experiment(id=f"number-{i:02d}", created_at=f"2026-01-01T00:00:{i:02d}Z") for i in range(20)]
    for e in made:
        worker.store.create(e)
    return made


def test_the_oldest_runs_first(make, walk):
    walk.free.set()
    worker = make()
    made = twenty(worker)
    worker.start()
    until(worker, made[-1].id, Status.SUCCEEDED)
    assert walk.began == [e.id for e in made]


def test_two_workers_on_one_store_run_each_experiment_once(make, walk):
    walk.free.set()
    first, second = make(), make()
    made = twenty(first)
    first.start()
    second.start()
    for e in made:
        done = until(first, e.id, Status.SUCCEEDED)
        assert done.attempts == 1
    assert sorted(walk.began) == [e.id for e in made]


def test_a_stale_worker_s_late_result_is_refused(make, walk):
    slow, quick = make(), make()
    e = experiment()
    slow.store.create(e)
    slow.start()
    assert walk.started.acquire(timeout=PATIENCE)
    with sqlite3.connect(slow.tools.settings.database) as db:  # as if the machine had slept through the lease
        db.execute("UPDATE experiments SET lease_expires = 0")
    lease = quick.store.claim(e.id, "quick", 60)
    taken = quick.store.get(e.id)
    walk.free.set()
    slow.stop(PATIENCE)
    kept = quick.store.get(e.id)
    assert (kept.status, kept.results, kept.lease.owner) == (Status.RUNNING, [], "quick")
    taken.status = Status.FAILED
    assert quick.store.save(taken, lease)


def test_a_worker_that_lost_its_lease_stops_working(make, walk):
    worker = make(lease_seconds=0.2)
    e = experiment()
    worker.store.create(e)
    worker.start()
    assert walk.started.acquire(timeout=PATIENCE)
    with sqlite3.connect(worker.tools.settings.database) as db:
        db.execute("UPDATE experiments SET owner = 'another', fence = fence + 1, lease_expires = 1e12")
    for _ in range(PATIENCE * 100):
        if worker.current is None:
            break
        worker.wait_for_news(worker.news, 0.01)
    assert worker.current is None
    assert worker.store.get(e.id).status is Status.RUNNING


def test_a_lease_is_kept_for_as_long_as_the_run_takes(make, walk):
    worker = make(lease_seconds=0.2)
    e = experiment()
    worker.store.create(e)
    worker.start()
    assert walk.started.acquire(timeout=PATIENCE)
    first = worker.store.get(e.id).lease
    for _ in range(PATIENCE * 100):
        later = worker.store.get(e.id).lease
        if later.expires_at > first.expires_at + 0.2:
            break
        worker.wait_for_news(worker.news, 0.01)
    assert later.expires_at > first.expires_at + 0.2
    assert later.fence == first.fence
    walk.free.set()
    assert until(worker, e.id, Status.SUCCEEDED).attempts == 1


def test_a_cancel_written_by_another_process_is_seen(make, walk):
    worker = make(lease_seconds=0.2)
    e = experiment()
    worker.store.create(e)
    worker.start()
    assert walk.started.acquire(timeout=PATIENCE)
    worker.store.request_cancel(e.id)
    until(worker, e.id, Status.CANCELLED)


def test_a_cancelled_run_of_a_dead_agent_is_not_run_again(make, walk, monkeypatch):
    def cancelled(self):
        assert self.cancel.is_set(), "the wish is known before the first step"
        self.experiment.status = Status.CANCELLED
        return self.experiment

    monkeypatch.setattr(StubWalk, "run", cancelled)
    worker = make(max_attempts=1)
    e = experiment(attempts=1)
    worker.store.create(e)
    worker.store.claim(e.id, "dead", -1)
    worker.store.request_cancel(e.id)
    worker.start()
    done = until(worker, e.id, Status.CANCELLED)
    assert done.error is None


@pytest.mark.parametrize(
    "error", [RuntimeError("it broke"), StoreError("It broke."), RunCancelled(), OSError(5, "Input/output error")]
)
def test_a_walk_that_raises_ends_as_lost_and_the_worker_lives(make, walk, monkeypatch, error):
    def broken(self):
        raise error

    worker, e, after = make(), experiment(), experiment()
    worker.store.create(e)
    with monkeypatch.context() as m:
        m.setattr(StubWalk, "run", broken)
        worker.start()
        done = until(worker, e.id, Status.FAILED)
    assert done.error.category is ErrorCategory.LOST
    assert len(done.error.message) > 8
    assert (done.results, done.progress.stage) == ([], "finished")
    assert done.finished_at
    walk.free.set()
    worker.store.create(after)
    worker.wake()
    until(worker, after.id, Status.SUCCEEDED)


def test_a_result_is_written_again_until_the_store_takes_it(make, walk, monkeypatch):
    worker, e = make(), experiment()
    walk.free.set()
    worker.store.create(e)
    good, tries = worker.store.save, []

    def hiccup(record, lease):
        tries.append(record.status)
        if record.status.terminal and tries.count(record.status) < 4:
            raise StoreError("The disk is full.")
        return good(record, lease)

    monkeypatch.setattr(worker.store, "save", hiccup)
    worker.start()
    until(worker, e.id, Status.SUCCEEDED)
    assert tries.count(Status.SUCCEEDED) == 4


def test_a_result_that_cannot_be_written_is_found_again_and_lost_in_the_end(make, walk, monkeypatch):
    worker, e = make(lease_seconds=0.2, max_attempts=2), experiment()
    walk.free.set()
    worker.store.create(e)
    good = worker.store.save

    def never(record, lease):
        if record.status is Status.SUCCEEDED:
            raise StoreError("The disk is full.")
        return good(record, lease)

    monkeypatch.setattr(worker.store, "save", never)
    worker.start()
    done = until(worker, e.id, Status.FAILED)
    assert (done.error.category, done.attempts) == (ErrorCategory.LOST, 3)
    assert walk.began == [e.id] * 2


def test_a_record_of_another_version_does_not_hold_up_the_queue(make, walk):
    worker = make(lease_seconds=0.2)
    walk.free.set()
    bad, good = experiment(created_at="2026-01-01T00:00:00Z"), experiment(created_at="2026-01-02T00:00:00Z")
    for e in (bad, good):
        worker.store.create(e)
    with sqlite3.connect(worker.tools.settings.database) as db:
        db.execute("UPDATE experiments SET record = json_set(record, '$.of_tomorrow', 1) WHERE id = ?", (bad.id,))
    worker.start()
    until(worker, good.id, Status.SUCCEEDED)
    with sqlite3.connect(worker.tools.settings.database) as db:
        db.execute("UPDATE experiments SET record = json_remove(record, '$.of_tomorrow') WHERE id = ?", (bad.id,))
    until(worker, bad.id, Status.SUCCEEDED)


def test_a_store_that_does_not_answer_is_asked_again(make, walk, monkeypatch):
    worker, e, calls = make(), experiment(), []
    walk.free.set()
    worker.store.create(e)
    good = worker.store.waiting

    def flaky(limit):
        calls.append(limit)
        if len(calls) < 4:
            raise StoreError("It is locked.") if len(calls) % 2 else RuntimeError("it broke")
        return good(limit)

    monkeypatch.setattr(worker.store, "waiting", flaky)
    worker.start()
    until(worker, e.id, Status.SUCCEEDED)


def test_stopping_during_a_run_puts_it_back_whole(make, walk):
    worker, e = make(), experiment()
    worker.store.create(e)
    worker.start()
    assert walk.started.acquire(timeout=PATIENCE)
    worker.stop(PATIENCE)
    kept = worker.store.get(e.id)
    assert kept == e
    assert worker.store.waiting() == [e.id]


def test_news_that_came_before_the_wait_ends_it_at_once(make):
    worker = make()
    known = worker.news
    worker.notify()
    worker.wait_for_news(known, 3600)
    assert worker.news == known + 1
