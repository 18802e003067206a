"""The admin API on direct invocations, over a table that the lab's own store wrote (moto)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from app.autopilot.control import TableControl
from gpu_agent.models import Hypothesis, Status
from gpu_agent.road.freeze import freeze_rerun
from tests.gpu_agent.factory import experiment
from tests.infra.conftest import IMAGE
from tests.stubs.lambdas import load

from .conftest import TABLE, finished


@pytest.fixture
def worker(aws) -> str:
    ec2 = aws.client("ec2")
    started = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[started])
    return started


@pytest.fixture
def admin(store, worker, environment, monkeypatch):
    monkeypatch.setenv("WORKER_ID", worker)
    module = load("admin_api")
    keys = iter(range(1000))

    def call(action, **more):
        event = {"action": action, "idempotency_key": f"test-key-{next(keys)}", "actor": "tests"} | more
        return module.handler(
            {k: v for k, v in event.items() if v is not None}, SimpleNamespace(aws_request_id="req-1")
        )

    call.module = module
    return call


def audit(aws) -> list[dict]:
    items = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    return [i for i in items if i["pk"]["S"] == "AUDIT"]


def test_a_rerun_is_what_the_lab_itself_would_queue(store, admin):
    original = finished(store, title="to repeat", timing_runs=3, hypothesis=Hypothesis(text="fewer bits", bd_rate=-5))
    answer = admin("rerun", experiment_id=original.id)
    assert answer["ok"], answer
    made = store.get(answer["result"]["experiment_id"])
    expected = freeze_rerun(original, made.id).model_copy(update={"created_at": made.created_at})
    assert made == expected
    assert store.waiting() == [made.id]
    assert [e.message for e in store.events(made.id)] == ["queued"]


def test_an_agent_can_run_the_rerun(store, admin):
    original = finished(store)
    made = admin("rerun", experiment_id=original.id)["result"]["experiment_id"]
    lease = store.claim(made, "agent", 60)
    record = store.get(made)
    record.status, record.results = Status.SUCCEEDED, original.results
    assert store.save(record, lease)
    assert store.get(made).status is Status.SUCCEEDED
    assert store.waiting() == []


def test_the_same_key_is_the_same_call(store, admin):
    original = finished(store)
    first = admin("rerun", experiment_id=original.id, idempotency_key="one-and-only")
    again = admin("rerun", experiment_id=original.id, idempotency_key="one-and-only")
    assert first == again
    assert store.queue_depth() == 1
    other = admin("cancel", experiment_id=original.id, idempotency_key="one-and-only")
    assert other["error"]["code"] == "key_reused"


def test_a_call_that_died_is_done_once_when_it_is_made_again(store, admin, monkeypatch):
    original = finished(store)
    real = admin.module.reruns.put

    def dies(item, **more):
        if item["sk"] == "META" and item.get("rerun_of"):
            raise RuntimeError("the function was killed")
        return real(item, **more)

    monkeypatch.setattr(admin.module.reruns, "put", dies)
    with pytest.raises(RuntimeError):
        admin("rerun", experiment_id=original.id, idempotency_key="killed-in-between")
    monkeypatch.setattr(admin.module.reruns, "put", real)
    busy = admin("rerun", experiment_id=original.id, idempotency_key="killed-in-between")
    assert busy["error"]["code"] == "in_progress"
    monkeypatch.setattr(admin.module.idempotency, "STALE_SECONDS", -1)
    answers = [admin("rerun", experiment_id=original.id, idempotency_key="killed-in-between") for _ in range(2)]
    assert answers[0] == answers[1]
    assert store.waiting() == [answers[0]["result"]["experiment_id"]]


def test_a_refused_call_may_be_made_again_at_once(store, admin):
    assert admin("cancel", experiment_id="not-yet", idempotency_key="early-bird")["error"]["code"] == "not_found"
    store.create(experiment(id="not-yet"))
    assert admin("cancel", experiment_id="not-yet", idempotency_key="early-bird")["ok"]


def test_cancel_ends_what_waits_and_asks_what_runs(store, admin):
    waiting, running = experiment(id="waiting-1"), experiment(id="running-1")
    store.create(waiting)
    store.create(running)
    store.claim(running.id, "agent", 60)
    assert admin("cancel", experiment_id=waiting.id)["result"]["status"] == "cancelled"
    assert admin("cancel", experiment_id=running.id)["result"]["cancel_requested"] is True
    assert store.get(waiting.id).status is Status.CANCELLED
    assert store.get(waiting.id).finished_at
    assert store.queue_depth() == 0
    after = store.get(running.id)
    assert (after.status, after.cancel_requested) == (Status.RUNNING, True)


def test_cancelling_what_is_over_changes_nothing(store, admin):
    done = finished(store)
    assert admin("cancel", experiment_id=done.id)["result"]["status"] == "succeeded"
    assert store.get(done.id) == done


def test_the_worker_starts_and_stops_and_twice_is_once(admin):
    assert admin("status")["result"]["worker"] == "stopped"
    assert admin("start_worker")["result"]["worker"] in ("pending", "running")
    assert admin("start_worker")["result"]["worker"] == "running"
    assert admin("stop_worker")["result"]["worker"] in ("stopping", "stopped")
    assert admin("stop_worker")["result"]["worker"] == "stopped"


@pytest.mark.parametrize(
    ("code", "word"), [("InsufficientInstanceCapacity", "other zone"), ("VcpuLimitExceeded", "Service Quotas")]
)
def test_why_no_worker_can_be_had_is_a_sentence(admin, monkeypatch, code, word):
    """moto never runs out of machines: the two errors are put in where EC2 would answer them."""
    real = admin.module.worker.client

    class Ec2:
        def describe_instances(self, **call):
            return real("ec2").describe_instances(**call)

        def start_instances(self, **call):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "StartInstances")

    monkeypatch.setattr(admin.module.worker, "client", lambda name: Ec2() if name == "ec2" else real(name))
    answer = admin("start_worker")
    assert answer["error"]["code"] == code
    assert word in answer["error"]["message"]


def test_the_autopilots_wish_is_kept(admin):
    assert admin("status")["result"]["autopilot"] == "running"
    admin("pause_autopilot")
    assert admin("status")["result"]["autopilot"] == "paused"
    admin("resume_autopilot")
    assert admin("status")["result"]["autopilot"] == "running"


def test_the_autopilot_reads_the_wish_that_the_admin_api_writes(store, admin, monkeypatch):
    monkeypatch.setattr("app.autopilot.control.FRESH_SECONDS", 0.0)
    control = TableControl(store.table)
    assert control.paused() is None
    admin("pause_autopilot")
    assert "paused by the admin API" in control.paused()
    admin("resume_autopilot")
    assert control.paused() is None


def test_status_counts_what_waits_and_runs(store, admin):
    for n in range(3):
        store.create(experiment(id=f"queued-{n}"))
    store.claim("queued-0", "agent", 60)
    assert admin("status", idempotency_key=None)["result"]["experiments"] == {"queued": 2, "running": 1}


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"action": "format_disk", "idempotency_key": "12345678"},
        {"action": "rerun", "idempotency_key": "12345678"},
        {"action": "rerun", "experiment_id": "../x", "idempotency_key": "12345678"},
        {"action": "rerun", "experiment_id": ["a"], "idempotency_key": "12345678"},
        {"action": "cancel", "experiment_id": "abc"},
        {"action": "start_worker", "idempotency_key": "short"},
        {"action": "start_worker", "idempotency_key": "12345678", "instance": "i-other"},
        {"action": "status", "actor": "x" * 200},
        {"action": ["status"]},
    ],
)
def test_what_is_no_call_is_refused_and_leaves_nothing(admin, aws, event):
    answer = admin.module.handler(event, None)
    assert answer["ok"] is False
    assert answer["error"]["code"] == "invalid_request"
    assert aws.client("dynamodb").scan(TableName=TABLE)["Count"] == 0


def test_every_call_leaves_an_audit_record(store, admin, aws):
    admin("start_worker")
    admin("cancel", experiment_id="nobody")
    found = {i["call"]["M"]["action"]["S"]: i for i in audit(aws)}
    assert found["start_worker"]["outcome"]["S"] == "done"
    assert found["cancel"]["outcome"]["S"] == "not_found"
    assert found["cancel"]["actor"]["S"] == "tests"
    assert found["cancel"]["request_id"]["S"] == "req-1"
    assert int(found["cancel"]["expires"]["N"]) > 0
