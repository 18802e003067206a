"""What every home of experiments must do, shown on both: SQLite, and DynamoDB with S3."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_agent.models import (
    Audit,
    Badge,
    BDRate,
    Event,
    Hypothesis,
    Judgement,
    Lease,
    PerceptualFigures,
    Progress,
    Status,
)
from gpu_agent.store import Query
from gpu_agent.store.open import open_experiments
from tests.gpu_agent.factory import experiment, row


def test_a_record_comes_back_whole(store):
    e = experiment(results=[row()], notes="promising", title="Ünïcode <b>")
    assert store.create(e)
    assert store.get(e.id) == e
    assert store.get("no-such-id") is None


def test_hypothesis_and_judgement_come_back_and_outlive_the_bd_rates(store):
    hope = Hypothesis(text="Skip blocks: 10 % fewer bits, “maybe”", bd_rate=-10.5, by="claude")
    e = experiment(hypothesis=hope)
    store.create(e)
    assert store.get(e.id).hypothesis == hope
    lease = store.claim(e.id, "a", 30)
    done = store.get(e.id).model_copy(update={"status": Status.SUCCEEDED, "results": [row()], "finished_at": "2026"})
    done.summary.judgement = Judgement(verdict="partly", measured=-4.25)
    assert store.save(done, lease)
    assert store.set_bd_rates(e.id, {"mjpeg": BDRate(percent=1.0)})
    found = store.get(e.id)
    assert (found.hypothesis, found.summary.judgement) == (hope, done.summary.judgement)


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


def test_only_one_of_many_claims_wins(store, another):
    e = experiment()
    store.create(e)
    won, start = [], threading.Barrier(8)

    def claim(i: int) -> None:
        mine = another(open_experiments)
        start.wait(30)
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


def test_a_held_record_is_released_and_held_again_by_people(store):
    e = experiment(status=Status.SUCCEEDED, results=[row()])
    store.create(e)
    assert store.annotate(e.id, released="Decoded by hand, same frames.")
    store.set_audit(e.id, Audit(at="2026-01-01T00:00:00Z", held=True))
    assert store.get(e.id).released == store.page(Query()).items[0].released == "Decoded by hand, same frames."
    store.annotate(e.id, released="")
    assert store.get(e.id).released == ""


def test_figures_measured_later_join_their_rows(store):
    waits = {"missing": {"vmaf": "later", "xpsnr_y": "later", "ms_ssim": "too small"}, "ssim_u": 0.9}
    e = experiment(results=[row(more=waits, artifacts={"frames": "f"}), row(rate=27, more=waits)])
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    store.save(e.model_copy(update={"status": Status.SUCCEEDED}), lease)
    first = PerceptualFigures(
        clip="carphone", rate=22, vmaf=91.5, more={"xpsnr_y": 36.25}, artifacts={"perceptual": "p"}
    )
    assert store.set_perceptual(e.id, [first])
    whole, waiting = store.get(e.id).results
    assert (whole.vmaf, whole.more) == (91.5, {"ssim_u": 0.9, "xpsnr_y": 36.25, "missing": {"ms_ssim": "too small"}})
    assert whole.artifacts == {"frames": "f", "perceptual": "p"}
    assert (waiting.vmaf, waiting.more) == (None, waits)
    refused = PerceptualFigures(clip="carphone", rate=27, missing={"vmaf": "gone", "xpsnr_y": "gone"})
    assert store.set_perceptual(e.id, [first, refused])
    assert store.page(Query()).items[0].results[0] == whole
    assert store.get(e.id).results[1].more["missing"] == {"vmaf": "gone", "xpsnr_y": "gone", "ms_ssim": "too small"}
    assert not store.set_perceptual("no-such-id", [first])


def test_a_run_of_many_points_has_room_for_its_later_figures(store):
    rows = [row(clip=f"clip-{n}", rate=rate) for n in range(24) for rate in range(8)]
    e = experiment(results=rows)
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    store.save(e.model_copy(update={"status": Status.SUCCEEDED}), lease)
    figures = [
        PerceptualFigures(clip=r.clip, rate=r.rate, vmaf=90 + n / 7, more={f"xpsnr_{p}": n / 3 for p in "yuv"})
        for n, r in enumerate(rows)
    ]
    assert store.set_perceptual(e.id, figures)
    assert [r.vmaf for r in store.get(e.id).results] == [f.vmaf for f in figures]


# Records --------------------------------------------------------------------------------------------------------


def test_a_large_record_comes_back_whole(store, another):
    """A megabyte of code, 300 rows with everything in them, long texts; written twice, as a growing run does."""
    noise = random.Random(7)
    code = "RATES = (1,)\n" + "\n".join(f"# {noise.randbytes(32).hex()}" for _ in range(15_000))
    e = experiment(code=code[:1_000_000], rates=list(range(300)))
    e.origin.prompt = noise.randbytes(300_000).hex()
    e.log = noise.randbytes(8_000).hex()
    assert store.create(e)
    lease = store.claim(e.id, "a", 60)
    rows = [
        row(rate=n, psnr_y=noise.uniform(20, 60), bitstream_sha256=noise.randbytes(32).hex(), more={"ms_ssim": 0.1 + n})
        for n in range(300)
    ]
    running = e.model_copy(update={"status": Status.RUNNING, "results": rows[:100]})
    assert store.save(running, lease)
    assert store.get(e.id).results == rows[:100]
    assert store.save(running.model_copy(update={"status": Status.SUCCEEDED, "results": rows}), lease)
    found = another(open_experiments, elsewhere=True).get(e.id)
    assert found == running.model_copy(update={"status": Status.SUCCEEDED, "results": rows})


HOSTILE = [
    "",
    " ",
    "#status = :running",
    "'; DROP TABLE experiments; --",
    "a\0b\x01\x7f",
    "\u202eevil\u2066 \U0001f4a9 é",
    "EXP#x|META",
    "<script>alert(1)</script>",
    "%_\\%",
    "x" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_are_only_strings(store, text):
    e = experiment(title=text, notes=text, log=text, warnings=[text], environment={text: text})
    e.clips[0].name = text or "c"
    e.origin.prompt = text
    assert store.create(e)
    assert store.get(e.id) == e
    assert store.get(text) is None
    assert store.claim(text, text, 60) is None
    lease = store.claim(e.id, text, 60)
    assert (lease is not None, store.save_progress(e.id, lease, Progress(clip=text))) == (True, True)
    assert store.annotate(e.id, title=f"{text}!", notes=text)
    assert [event.message for event in (store.add_event(e.id, "log", text), *store.events(e.id))] == [text, text]
    for query in (Query(text=text), Query(clip=text), Query(parent_id=text), Query(before=text)):
        assert all(item.id == e.id for item in store.page(query).items)
    assert [item.id for item in store.page(Query(text=f"{text.split()[0] if text.split() else ''}")).items] == [e.id]


@pytest.mark.parametrize("rate", [0, -0.5, 2.5, 0.1 + 0.2, 1e-300, 5e200, 1e23, 10**60, 2**53 + 1])
def test_numbers_come_back_exactly(store, rate):
    e = experiment(rates=[rate], results=[row(rate=rate, kbps=1 / 3, psnr_y=60.0)], environment={"n": rate})
    store.create(e)
    found = store.get(e.id)
    assert found == e
    assert float(found.rates[0]) == float(rate)


def test_a_number_that_is_infinite_is_never_stored_as_one(store):
    e = experiment(results=[row(more={"ms_ssim": float("inf")})])
    store.create(e)
    assert store.get(e.id).results[0].more == {"ms_ssim": None}


# Crashes --------------------------------------------------------------------------------------------------------


def test_rows_of_a_dead_owner_never_mix_with_those_of_the_living(store, another):
    e = experiment()
    store.create(e)
    dead = store.claim(e.id, "dead", -1)
    first = [row(rate=r, psnr_y=30.0) for r in (1, 2, 3)]
    assert store.save(e.model_copy(update={"status": Status.RUNNING, "results": first}), dead)
    theirs = another(open_experiments)
    alive = theirs.claim(e.id, "alive", 60)
    second = [row(rate=r, psnr_y=40.0) for r in (1, 2)]
    assert theirs.save(e.model_copy(update={"status": Status.RUNNING, "results": second[:1]}), alive)
    assert not store.save(e.model_copy(update={"status": Status.RUNNING, "results": [*first, row(rate=4)]}), dead)
    assert theirs.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": second}), alive)
    assert store.get(e.id).results == theirs.get(e.id).results == second


def test_a_row_that_changes_is_the_new_row(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    for rows in ([row(rate=1), row(rate=2)], [row(rate=1, psnr_y=1.0), row(rate=2)], [], [row(rate=3)]):
        assert store.save(e.model_copy(update={"status": Status.RUNNING, "results": rows}), lease)
        assert store.get(e.id).results == rows


def test_a_run_put_back_and_taken_again_ends_with_its_own_results(store, another):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    assert store.save(e.model_copy(update={"status": Status.RUNNING, "results": [row()]}), lease)
    assert store.save(e.model_copy(update={"status": Status.RUNNING, "results": []}), lease)
    assert store.release(e.id, lease)
    later = another(open_experiments)
    again = later.claim(e.id, "b", 60)
    assert later.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": [row(rate=9)]}), again)
    assert [r.rate for r in store.get(e.id).results] == [9]
    assert (store.waiting(), store.queue_depth()) == ([], 0)


# The queue ------------------------------------------------------------------------------------------------------


def test_what_waits_is_in_order_of_creation_whatever_made_it_wait(store):
    made = [experiment(created_at=f"2026-01-0{n}T00:00:00Z") for n in range(1, 6)]
    for e in reversed(made):
        store.create(e)
    ids = [e.id for e in made]
    store.claim(ids[2], "dead", -1)
    store.claim(ids[0], "alive", 60)
    assert store.waiting() == ids[1:]
    assert store.waiting(limit=2) == ids[1:3]
    assert [store.ahead(i) for i in ids[1:]] == [0, 1, 2, 3]
    assert store.queue_depth() == 3
    assert store.ahead("no-such-id") == 0


def test_a_renewed_lease_is_not_found_again(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", -1)
    assert store.waiting() == [e.id]
    assert store.renew(e.id, lease, 60)
    assert store.waiting() == []
    assert store.get(e.id).lease.expires_at > lease.expires_at


def test_many_agents_take_everything_once(store, another):
    made = [experiment() for _ in range(6)]
    for e in made:
        store.create(e)
    taken, start = [], threading.Barrier(4)

    def agent(n: int) -> None:
        mine = another(open_experiments)
        start.wait(30)
        while waiting := mine.waiting():
            for i in waiting:
                if lease := mine.claim(i, f"agent-{n}", 60):
                    taken.append(i)
                    done = mine.get(i).model_copy(update={"status": Status.SUCCEEDED})
                    assert mine.save(done, lease)

    run_together(agent, 4)
    assert sorted(taken) == sorted(e.id for e in made)
    assert {e.status for e in store.page(Query()).items} == {Status.SUCCEEDED}


def test_people_and_agent_write_at_once_and_nothing_is_lost(store, another):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)

    def write(n: int) -> None:
        mine = another(open_experiments)
        for i in range(8):
            if n == 0:
                assert mine.save_progress(e.id, lease, Progress(stage="encode", frames_done=i))
            elif n == 1:
                assert mine.annotate(e.id, notes=f"note {i}")
            elif n == 2:
                assert mine.renew(e.id, lease, 60)
            else:
                mine.request_cancel(e.id)

    run_together(write, 4)
    found = store.get(e.id)
    assert (found.progress.frames_done, found.notes, found.cancel_requested) == (7, "note 7", True)


def run_together(work, count: int) -> None:
    """`work(n)` in `count` threads; what one raises is raised here."""
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, n) for n in range(count)]:
            done.result()


# Listings -------------------------------------------------------------------------------------------------------


def test_children_of_a_parent_are_listed_alone(store):
    parent = experiment()
    children = [experiment(parent_id=parent.id, created_at=f"2026-01-0{n}T00:00:00Z") for n in (1, 2, 3)]
    for e in (parent, *children):
        store.create(e)
    page = store.page(Query(parent_id=parent.id, limit=2))
    assert [e.id for e in page.items] == [children[2].id, children[1].id]
    rest = store.page(Query(parent_id=parent.id, limit=2, before=page.next))
    assert ([e.id for e in rest.items], rest.next) == ([children[0].id], None)


def test_pages_of_a_filter_are_whole_and_end(store):
    made = [experiment(created_at=f"2026-01-01T00:00:{n:02d}Z", title=f"codec-{n % 3}") for n in range(20)]
    for e in made:
        store.create(e)
    for e in made[::4]:
        store.annotate(e.id, archived=True)
    wanted = [e.id for n, e in enumerate(made) if n % 3 == 1 and n % 4][::-1]
    seen, before, sizes = [], None, []
    while True:
        page = store.page(Query(limit=2, before=before, text="CODEC-1"))
        seen, before = seen + [e.id for e in page.items], page.next
        sizes.append(len(page.items))
        if before is None:
            break
    assert seen == wanted
    assert sizes == [2, 2, 1]


def test_the_status_of_a_listing_follows_the_record(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    listed = lambda status: [x.id for x in store.page(Query(status=status)).items]
    assert (listed(Status.QUEUED), listed(Status.RUNNING)) == ([], [e.id])
    store.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()]}), lease)
    assert (listed(Status.RUNNING), listed(Status.SUCCEEDED)) == ([], [e.id])
    assert store.page(Query(status=Status.SUCCEEDED)).items == [store.get(e.id)]


def test_events_from_elsewhere_keep_their_numbers_and_times(store):
    e = experiment()
    store.create(e)
    first = store.add_event(e.id, "log", "here already")
    given = [
        Event(seq=n, at=f"2020-01-01T00:00:0{n}Z", kind="stage", message=f"step {n}", progress=Progress(stage="encode"))
        for n in (1, 2, 3)
    ]
    store.keep_events(e.id, given)
    store.keep_events(e.id, given)
    assert store.events(e.id) == [first, *given[1:]]
    assert store.add_event(e.id, "log", "after").seq == 4
