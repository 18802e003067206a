"""What every home of experiments must do, shown on the local one."""

import threading

import pytest

from gpu_agent.models import Audit, Badge, BDRate, Lease, Progress, Status
from gpu_agent.store import Query, StoreError
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment, row


@pytest.fixture
def store(tmp_path):
    return LocalExperiments(tmp_path / "lab.db")


def test_a_record_comes_back_whole(store):
    e = experiment(results=[row()], notes="promising", title="Ünïcode <b>")
    assert store.create(e)
    assert store.get(e.id) == e
    assert store.get("no-such-id") is None


def test_the_same_id_again_changes_nothing(store):
    e = experiment()
    store.create(e)
    assert not store.create(e.model_copy(update={"title": "another"}))
    assert store.get(e.id).title == e.title


def test_pages_walk_through_everything_newest_first_without_gaps(store):
    made = [experiment(created_at=f"2026-01-01T00:00:{i // 3:02d}Z") for i in range(25)]
    for e in made:
        store.create(e)
    seen, before = [], None
    while True:
        page = store.page(Query(limit=4, before=before))
        seen += [e.id for e in page.items]
        before = page.next
        if before is None:
            break
    assert seen == [e.id for e in sorted(made, key=lambda e: (e.created_at, e.id), reverse=True)]


def test_search_takes_words_literally_and_filters_combine(store):
    a, b = experiment(title="100% wavelet"), experiment(title="1000 wavelets", archived=True)
    for e in (a, b):
        store.create(e)
    found = lambda **q: [e.id for e in store.page(Query(**q)).items]
    assert found(text="100%") == [a.id]
    assert found(text="wavelet carphone") == [a.id]
    assert set(found(text="wavelet", archived=None)) == {a.id, b.id}
    assert found(status=Status.FAILED) == []
    assert found(clip="carphone") == [a.id]
    assert found(clip="car") == []


def test_only_one_of_many_claims_wins(store, tmp_path):
    e = experiment()
    store.create(e)
    won, start = [], threading.Barrier(8)

    def claim(i: int) -> None:
        mine = LocalExperiments(tmp_path / "lab.db")
        start.wait()
        if mine.claim(e.id, f"agent-{i}", 60):
            won.append(i)

    threads = [threading.Thread(target=claim, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(won) == 1
    assert store.get(e.id).lease.owner == f"agent-{won[0]}"


def test_an_expired_lease_is_found_again_and_the_dead_owner_is_refused(store):
    e = experiment()
    store.create(e)
    dead = store.claim(e.id, "dead", -1)
    assert store.waiting() == [e.id]
    alive = store.claim(e.id, "alive", 60)
    assert alive.fence > dead.fence
    late = store.get(e.id).model_copy(update={"status": Status.SUCCEEDED, "results": [row()]})
    assert not store.save(late, dead)
    assert not store.renew(e.id, dead, 60)
    assert store.save(late, alive)
    assert store.get(e.id).status is Status.SUCCEEDED


def test_a_terminal_record_is_not_written_again(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    done = e.model_copy(update={"status": Status.FAILED})
    assert store.save(done, lease)
    assert not store.save(done.model_copy(update={"status": Status.SUCCEEDED}), lease)
    assert not store.save_progress(e.id, lease, Progress(stage="encode"))
    assert store.claim(e.id, "b", 60) is None


def test_what_people_write_survives_what_the_agent_writes(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    store.annotate(e.id, title="mine", notes="look", archived=True)
    store.request_cancel(e.id)
    store.save(e.model_copy(update={"status": Status.SUCCEEDED}), lease)
    kept = store.get(e.id)
    assert (kept.title, kept.notes, kept.archived, kept.cancel_requested) == ("mine", "look", True, True)


def test_cancel_ends_a_queued_experiment_and_only_marks_a_running_one(store):
    queued, running = experiment(), experiment()
    for e in (queued, running):
        store.create(e)
    store.claim(running.id, "a", 60)
    assert store.request_cancel(queued.id).status is Status.CANCELLED
    assert store.get(queued.id).finished_at
    after = store.request_cancel(running.id)
    assert (after.status, after.cancel_requested) == (Status.RUNNING, True)
    assert store.request_cancel("no-such-id") is None


def test_release_puts_it_back_at_its_place(store):
    first, second = experiment(created_at="2026-01-01T00:00:00Z"), experiment(created_at="2026-01-02T00:00:00Z")
    for e in (first, second):
        store.create(e)
    lease = store.claim(first.id, "a", 60)
    assert store.waiting() == [second.id]
    assert store.release(first.id, lease)
    assert store.waiting() == [first.id, second.id]
    assert store.queue_depth() == 2
    assert not store.release(first.id, lease)


def test_events_are_numbered_without_gaps_from_many_threads(store):
    def add() -> None:
        for _ in range(20):
            store.add_event("x", "stage", "s", Progress(stage="encode", clip="c"))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [e.seq for e in store.events("x")] == list(range(1, 81))
    assert [e.seq for e in store.events("x", after=78)] == [79, 80]
    assert store.events("x", limit=1)[0].progress.clip == "c"
    assert store.events("another") == []


def test_a_forged_fence_is_refused(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    assert not store.save(e, Lease(owner="b", fence=lease.fence, expires_at=0))
    assert not store.save(e, lease.model_copy(update={"fence": lease.fence + 1}))


def test_a_store_that_is_no_database_is_a_sentence(tmp_path):
    (tmp_path / "lab.db").write_text("this is not a database, not at all, and it is long enough to be looked at")
    with pytest.raises(StoreError, match=r"lab\.db"):
        LocalExperiments(tmp_path / "lab.db")


def test_bd_rates_are_said_of_a_finished_record_and_survive_annotation(store):
    e = experiment(results=[row()])
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    store.save(e.model_copy(update={"status": Status.SUCCEEDED}), lease)
    said = {"x264-medium": BDRate(percent=12.5, per_clip={"carphone": 12.5}), "vp9": BDRate(reason="too few points")}
    assert store.set_bd_rates(e.id, said)
    store.annotate(e.id, notes="n")
    assert store.get(e.id).summary.bd_rate == said
    assert not store.set_bd_rates("no-such-id", said)


def test_an_audit_joins_a_finished_record(store):
    e = experiment(status=Status.SUCCEEDED, results=[row()])
    store.create(e)
    found = Audit(
        at="2026-01-01T00:00:00Z", badges=[Badge(name="deterministic", verdict="good", text="same", evidence={"n": 1})]
    )
    assert store.set_audit(e.id, found)
    assert store.get(e.id).audit == found
    assert store.page(Query()).items[0].audit == found
    assert not store.set_audit("no-such-id", found)
