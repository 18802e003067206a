"""Outlines on both homes: always what the record says, newest first, made again where they are missing."""

from __future__ import annotations

import sqlite3

import pytest

from gpu_agent.models import Audit, Badge, BDRate, Origin, Status
from gpu_agent.outline import outline_of
from gpu_agent.store.local import LocalExperiments
from gpu_agent.store.open import open_experiments
from tests.gpu_agent.factory import experiment, row

HELD = Audit(at="2026-01-01T00:00:00Z", held=True, badges=[Badge(name="too_good", verdict="bad", text="A wide margin")])


def ended(store, e, **changes):
    lease = store.claim(e.id, "agent", 60)
    done = e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()]} | changes)
    assert store.save(done, lease)
    return done


def test_every_experiment_newest_first_as_its_record_says(store):
    assert store.outlines() == []
    made = [experiment(created_at=f"2026-01-01T00:00:0{n}Z", title=f"Codec {n}") for n in range(5)]
    for e in made:
        store.create(e)
    ended(store, made[1], results=[row(rate=22, decode_seconds=0.5), row(rate=32, decode_seconds=1.5)])
    store.annotate(made[2].id, title="Renamed", archived=True)
    store.request_cancel(made[3].id)
    ended(store, made[4], status=Status.CANCELLED)
    found = store.outlines()
    assert found == [outline_of(store.get(e.id)) for e in reversed(made)]
    assert [o.status for o in found] == ["cancelled", "cancelled", "queued", "succeeded", "queued"]
    assert (found[2].title, found[2].archived) == ("Renamed", True)
    assert (found[3].facts.points, found[3].facts.decode_fps) == (2, 8.0)


def test_lineage_and_autopilot_runs_are_told(store):
    origin = Origin(kind="autopilot", note="run-7/12", model="claude")
    store.create(experiment(parent_id="another-one", rerun_of="first-one", origin=origin))
    (found,) = store.outlines()
    assert (found.parent_id, found.facts.rerun_of, found.facts.run) == ("another-one", "first-one", "run-7")


def test_what_is_said_of_a_finished_run_is_in_its_outline(store):
    e = experiment()
    store.create(e)
    ended(store, e)
    store.set_bd_rates(e.id, {"x264-medium": BDRate(percent=-12.5), "mjpeg": BDRate(reason="r" * 900)})
    store.set_audit(e.id, HELD)
    (found,) = store.outlines()
    assert found == outline_of(store.get(e.id))
    assert found.facts.bd_rate == {"x264-medium": -12.5}
    assert len(found.facts.refused["mjpeg"]) == 300
    assert (found.facts.held, found.facts.badges) == ("A wide margin", {"too_good": "bad"})
    store.annotate(e.id, released="I looked.")
    assert store.outlines() == [outline_of(store.get(e.id))]
    assert store.outlines()[0].facts.released == "I looked."


def test_a_save_under_a_lost_lease_changes_no_outline(store):
    e = experiment()
    store.create(e)
    lease = store.claim(e.id, "agent", 60)
    stale = lease.model_copy(update={"fence": lease.fence - 1})
    assert not store.save(e.model_copy(update={"status": Status.SUCCEEDED, "results": [row()]}), stale)
    assert store.outlines()[0].facts.points == 0


def test_a_second_process_sees_the_same(store, another):
    e = experiment()
    store.create(e)
    ended(store, e)
    assert another(open_experiments).outlines() == store.outlines()


def test_a_local_store_from_before_gets_its_outlines(tmp_path):
    store = LocalExperiments(tmp_path / "lab.db")
    e, broken = experiment(), experiment(created_at="2020-01-01T00:00:00Z")
    for record in (e, broken):
        store.create(record)
    ended(store, e)
    with sqlite3.connect(tmp_path / "lab.db") as db:
        db.execute("DROP TABLE outlines")
        db.execute("UPDATE experiments SET record = json_set(record, '$.unknown', 1) WHERE id = ?", (broken.id,))
    db.close()
    again = LocalExperiments(tmp_path / "lab.db")
    assert again.outlines() == [outline_of(store.get(e.id))], "one that cannot be read is left out"
    again.set_audit(e.id, HELD)
    assert again.outlines()[0].facts.held


def test_facts_of_another_version_are_made_again(tmp_path):
    store = LocalExperiments(tmp_path / "lab.db")
    e = experiment()
    store.create(e)
    before = store.outlines()
    with sqlite3.connect(tmp_path / "lab.db") as db:
        db.execute("UPDATE outlines SET facts = json_set(facts, '$.unknown', 1)")
    db.close()
    assert store.outlines() == before
    assert LocalExperiments(tmp_path / "lab.db").outlines() == before


@pytest.fixture
def aws_store(aws_settings):
    return open_experiments(aws_settings)


def test_missing_facts_are_made_again_on_aws(aws_store):
    from gpu_agent.store.aws.schema import outline_key

    e = experiment()
    aws_store.create(e)
    ended(aws_store, e)
    whole = aws_store.outlines()
    aws_store.table.delete_many([outline_key(e.id)])
    aws_store.set_audit(e.id, HELD)
    aws_store.table.delete_many([outline_key(e.id)])
    (found,) = aws_store.outlines()
    assert found == outline_of(aws_store.get(e.id)) != whole[0]
    assert aws_store.table.get(outline_key(e.id)) is not None
