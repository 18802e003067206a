"""What is particular to DynamoDB: crashes between two writes, answers that are lost, boards, sizes, what lies where."""

import random

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from gpu_agent.models import BDRate, Status, Summary
from gpu_agent.store import Query, StoreError
from gpu_agent.store.aws import listing, recent, schema
from gpu_agent.store.aws.experiments import DynamoExperiments
from gpu_agent.store.aws.items import body_items, body_of, digest_of, new_meta
from gpu_agent.store.open import open_experiments
from tests.gpu_agent.factory import experiment, row


class Killed(BaseException):
    """The process ends here: nothing of the product may catch it."""


def dies(*_, **__):
    raise Killed


def after(call, problem):
    """`call` is made, and its answer never arrives."""

    def lost(*given, **named):
        call(*given, **named)
        raise problem

    return lost


def test_the_code_is_kept_by_its_hash_before_the_record(store, settings, s3, monkeypatch):
    e = experiment()
    monkeypatch.setattr(store.table, "put_new", dies)
    with pytest.raises(Killed):
        store.create(e)
    found = s3.get_object(Bucket=settings.decoders_bucket, Key=f"code/{e.code_sha256}.py")
    assert found["Body"].read().decode() == e.code
    other = open_experiments(settings)
    assert other.get(e.id) is None
    assert (other.waiting(), other.queue_depth(), other.page(Query()).items) == ([], 0, [])
    assert other.create(e)
    assert other.get(e.id) == e


def test_a_record_whose_code_is_not_its_hash_is_refused(store):
    e = experiment()
    with pytest.raises(StoreError, match="another hash"):
        store.create(e.model_copy(update={"code": e.code + "\n"}))
    assert store.get(e.id) is None


def test_code_that_was_changed_in_the_bucket_is_noticed(store, settings, s3, tmp_path):
    e = experiment()
    store.create(e)
    s3.put_object(Bucket=settings.decoders_bucket, Key=f"code/{e.code_sha256}.py", Body=b"RATES = (1,)")
    other = open_experiments(settings.model_copy(update={"data": tmp_path / "other"}))
    with pytest.raises(StoreError, match="not the code that ran"):
        other.get(e.id)


@pytest.mark.parametrize("deadly", ["update", "update_and_put"])
def test_a_writer_killed_before_its_record_leaves_the_one_before(store, settings, items, monkeypatch, deadly):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "dead", -1)
    running = e.model_copy(update={"status": Status.RUNNING, "results": [row(rate=1)], "warnings": ["first"]})
    store.save(running, lease)
    monkeypatch.setattr(store.table, deadly, dies)
    status = Status.SUCCEEDED if deadly == "update_and_put" else Status.RUNNING
    more = running.model_copy(update={"status": status, "results": [row(rate=1), row(rate=2)], "warnings": ["second"]})
    with pytest.raises(Killed):
        store.save(more, lease)
    other = open_experiments(settings)
    found = other.get(e.id)
    assert (found.status, [r.rate for r in found.results], found.warnings) == (Status.RUNNING, [1], ["first"])
    assert other.waiting() == [e.id]
    alive = other.claim(e.id, "alive", 60)
    assert other.save(more.model_copy(update={"results": [row(rate=9)], "status": Status.SUCCEEDED}), alive)
    assert [r.rate for r in other.get(e.id).results] == [9]
    left = [sort for sort in items(e.id) if sort.startswith(("POINT", "BODY"))]
    assert len(left) == 2, "the end of a run removes what earlier attempts left"


def test_a_refused_writer_takes_its_rows_away(store, settings, items):
    e = experiment()
    store.create(e)
    dead = store.claim(e.id, "dead", -1)
    alive = open_experiments(settings).claim(e.id, "alive", 60)
    assert not store.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()]}), dead)
    assert [sort for sort in items(e.id) if sort.startswith(("POINT", "BEST"))] == []
    assert store.get(e.id).lease.fence == alive.fence


def test_a_reader_between_two_saves_reads_a_whole_record(store, settings, monkeypatch):
    """The parts that its META names are swept away before it fetches them: it must read META again."""
    e = experiment(warnings=["first"], results=[row(rate=1)])
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    reader = open_experiments(settings)
    fetch, final = reader._parts._fetched, e.model_copy(update={"status": Status.SUCCEEDED, "results": [row(rate=2)]})

    def slow(metas):
        monkeypatch.setattr(reader._parts, "_fetched", fetch)
        assert store.save(final.model_copy(update={"warnings": ["second"]}), lease)
        return fetch(metas)

    monkeypatch.setattr(reader._parts, "_fetched", slow)
    found = reader.get(e.id)
    assert (found.status, found.warnings, [r.rate for r in found.results]) == (Status.SUCCEEDED, ["second"], [2])


def test_a_record_with_a_part_missing_is_a_sentence(store, settings, items):
    e = experiment(results=[row()])
    store.create(e)
    point = next(sort for sort in items(e.id) if sort.startswith("POINT"))
    store.table.delete_many([schema.key(e.id, point)])
    with pytest.raises(StoreError, match="not whole"):
        open_experiments(settings).get(e.id)


# Answers that are lost: the SDK repeats the call, whose condition then meets its own write ------------------------


@pytest.fixture
def lossy(store, monkeypatch):
    """Repeats the next conditional write after it was made, as the SDK does when the answer does not arrive."""

    def repeat(method: str) -> None:
        call = getattr(store.table.client, method)

        def twice(**arguments):
            monkeypatch.setattr(store.table.client, method, call)
            call(**arguments)
            return call(**arguments)

        monkeypatch.setattr(store.table.client, method, twice)

    return repeat


def test_a_claim_whose_answer_was_lost_is_still_mine(store, lossy):
    e = experiment()
    store.create(e)
    lossy("update_item")
    lease = store.claim(e.id, "a", 60)
    assert (lease.owner, lease.fence) == ("a", 1)
    lossy("update_item")
    assert store.save(e.model_copy(update={"status": Status.FAILED}), lease)
    assert store.get(e.id).status is Status.FAILED


def test_a_creation_and_an_event_whose_answers_were_lost_are_made_once(store, lossy):
    e = experiment()
    lossy("put_item")
    assert store.create(e)
    lossy("put_item")
    assert store.add_event(e.id, "status", "queued").seq == 1
    assert [event.seq for event in store.events(e.id)] == [1]


def test_a_release_whose_answer_was_lost_is_made_once(store, lossy):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    lossy("update_item")
    assert store.release(e.id, lease)
    assert store.waiting() == [e.id]


@pytest.mark.parametrize("problem", [EndpointConnectionError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")])
def test_a_final_save_may_be_tried_again_after_a_silence(store, problem, monkeypatch):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "a", 60)
    call = store.table.client.transact_write_items
    done = e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()]})
    with monkeypatch.context() as silence:
        silence.setattr(store.table.client, "transact_write_items", after(call, problem))
        with pytest.raises(StoreError, match="does not answer"):
            store.save(done, lease)
    assert store.save(done, lease)
    assert not store.save(done.model_copy(update={"warnings": ["another"]}), lease)
    found = store.get(e.id)
    assert (found.status, found.results, found.warnings) == (Status.SUCCEEDED, [row()], [])


# What lies where ------------------------------------------------------------------------------------------------


def board(store: DynamoExperiments, name: str, *, backwards: bool) -> list[tuple[str, float]]:
    found = store.table.query("#board = :board", {"board": name}, index="best", backwards=backwards)
    return [(item["experiment_id"], item["score"]) for item in found]


def test_the_best_of_each_clip_are_ranked(store):
    made = [experiment() for _ in range(3)]
    for e, psnr in zip(made, (31.5, 35.25, 33.0)):
        store.create(e)
        lease = store.claim(e.id, "a", 60)
        rows = [row(rate=1, psnr_y=psnr), row(rate=2, psnr_y=psnr - 3), row(clip="bikes", psnr_y=60 - psnr)]
        assert store.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": rows}), lease)
        store.set_bd_rates(e.id, {"x264": BDRate(percent=-psnr, per_clip={"carphone": -psnr, "bikes": None})})
    ids = [e.id for e in made]
    assert board(store, "psnr_y#carphone", backwards=True) == [(ids[1], 35.25), (ids[2], 33), (ids[0], 31.5)]
    assert board(store, "psnr_y#bikes", backwards=True)[0] == (ids[0], 28.5)
    assert [i for i, _ in board(store, "bd_rate#x264#carphone", backwards=False)] == [ids[1], ids[2], ids[0]]
    assert board(store, "bd_rate#x264#bikes", backwards=False) == []
    store.set_bd_rates(ids[1], {"x264": BDRate(reason="curves do not overlap", per_clip={"carphone": None})})
    assert [i for i, _ in board(store, "bd_rate#x264#carphone", backwards=False)] == [ids[2], ids[0]]


def test_bd_rates_that_a_run_ends_with_are_on_the_boards_at_once(store):
    e = experiment()
    store.create(e)
    rates = {"x264": BDRate(percent=-9.0, per_clip={"carphone": -9.0})}
    done = e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()], "summary": Summary(bd_rate=rates)})
    assert store.save(done, store.claim(e.id, "a", 60))
    assert board(store, "bd_rate#x264#carphone", backwards=False) == [(e.id, -9)]


def test_what_failed_is_on_no_board(store):
    e = experiment()
    store.create(e)
    store.save(e.model_copy(update={"status": Status.FAILED, "results": [row()]}), store.claim(e.id, "a", 60))
    store.set_bd_rates(e.id, {"x264": BDRate(percent=-9.0, per_clip={"carphone": -9.0})})
    assert board(store, "psnr_y#carphone", backwards=True) == []
    assert board(store, "bd_rate#x264#carphone", backwards=True) == []


def test_points_are_native_numbers_and_events_expire(store, items):
    e = experiment(results=[row(psnr_y=37.12345678901234, kbps=0.1)])
    store.create(e)
    store.add_event(e.id, "log", "hello")
    found = items(e.id)
    point = next(item for sort, item in found.items() if sort.startswith("POINT"))["row"]["M"]
    assert (point["psnr_y"], point["kbps"]) == ({"N": "37.12345678901234"}, {"N": "0.1"})
    expires = int(found["EVENT#0000000001"]["expires"]["N"])
    assert expires > 0
    assert not [sort for sort, item in found.items() if "expires" in item and not sort.startswith("EVENT")]


def test_no_item_comes_near_the_limit_and_progress_writes_a_small_one(store, items):
    noise = random.Random(1)
    e = experiment(log=noise.randbytes(900_000).hex(), results=[row(rate=n) for n in range(40)])
    store.create(e)
    found = items(e.id)
    assert max(len(item["data"]["B"]) for item in found.values() if "data" in item) <= 350_000
    assert len(repr(found["META"])) < 5_000
    assert open_log(store, e.id) == e.log


def open_log(store: DynamoExperiments, experiment_id: str) -> str:
    store._parts.recent = recent.Recent()
    return store.get(experiment_id).log


def test_a_note_too_long_for_an_item_is_a_sentence(store):
    e = experiment()
    store.create(e)
    with pytest.raises(StoreError, match="400 KB"):
        store.annotate(e.id, notes="x" * 500_000)
    assert store.get(e.id) == e


def test_a_search_reads_a_bounded_part_and_goes_on_from_there(store, monkeypatch):
    monkeypatch.setattr(listing, "MAX_SCANNED", 25)
    made = [experiment(created_at=f"2026-01-01T00:00:{n // 4:02d}Z", title="plain") for n in range(59)]
    made.insert(0, experiment(created_at="2025-01-01T00:00:00Z", title="needle"))
    store.table.put_many(
        [item for e in made for item in parts_of(store, e)],
    )
    pages, before = [], None
    while not pages or before:
        page = store.page(Query(text="needle", before=before))
        pages, before = [*pages, [e.id for e in page.items]], page.next
    assert pages == [[], [], [made[0].id]]


def parts_of(store: DynamoExperiments, e) -> list[dict]:
    store._parts.keep_code(e)
    body = body_of(e)
    parts = body_items(e.id, body)
    where = {"body": digest_of(body), "body_parts": len(parts), "points_token": "t", "points": 0}
    return [*parts, new_meta(e) | where]


def test_memory_is_bounded_by_bytes():
    kept = recent.Recent(limit=10)
    for name in "abc":
        kept.put(name, b"1234")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, b"1234", b"1234")
    kept.put("c", b"12")
    kept.put("d", b"1234")
    assert (kept.get("b"), kept.get("c"), kept.get("d")) == (b"1234", b"12", b"1234")
