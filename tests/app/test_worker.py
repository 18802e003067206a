"""The worker's machine: its states on moto's EC2 over real HTTP, and what EC2 refuses as sentences."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import ClientError

from app import worker as module
from app.settings import AppSettings
from app.worker import BOOT_SECONDS, SENTENCES, Known, Worker, look, open_worker, waiting
from gpu_agent.store.aws.connect import client
from infra.deploy.boxes import EC2
from tests.stubs import aws, lambdas
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401

IMAGE = "ami-12c6146b"
"""One of the images that moto knows."""


@pytest.fixture
def ec2(aws_settings):  # noqa: F811
    return aws.client("ec2", aws_settings.aws_endpoint_url)


@pytest.fixture
def instance(ec2) -> str:
    made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[made])
    return made


@pytest.fixture
def patient(monkeypatch):
    """Answers are waited for and never kept, so that a test sees each state."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)


class Refusing:
    """A client whose calls of these names AWS refuses: moto never runs out of machines and grants every right."""

    def __init__(self, real, **codes: str):
        self.real, self.codes, self.asked = real, codes, []

    def __getattr__(self, operation):
        def call(**arguments):
            self.asked.append(operation)
            if code := self.codes.get(operation):
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
            return getattr(self.real, operation)(**arguments)

        return call


def test_the_worker_starts_and_stops_on_demand(aws_settings, instance, patient):  # noqa: F811
    worker = open_worker(instance, aws_settings)
    assert worker.known().state == "stopped"
    assert not worker.known().may_answer
    assert worker.start().state in ("pending", "running")
    after = worker.known()
    assert (after.state, after.problem) == ("running", None)
    assert 0 <= after.since_start < 3600
    assert worker.stop().state in ("stopping", "stopped")
    assert worker.known().state == "stopped"


def test_a_lab_without_a_named_machine_has_no_worker(aws_settings, monkeypatch):  # noqa: F811
    assert open_worker("", aws_settings) is None
    monkeypatch.setenv("CODEC_LAB_WORKER_INSTANCE", "i-1")
    assert AppSettings().worker_instance == "i-1"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("InsufficientInstanceCapacity", "--worker-zone"),
        ("VcpuLimitExceeded", "Service Quotas"),
        ("UnauthorizedOperation", "role may not"),
        ("InternalError", "answered with an error (InternalError)"),
    ],
)
def test_why_it_is_not_started_stays_said_until_it_is(ec2, instance, patient, code, word):
    refusing = Refusing(ec2, start_instances=code)
    worker = Worker(instance, lambda: refusing, "eu-west-1")
    refused = worker.start()
    assert refused.state == "stopped"
    assert word in refused.problem
    assert worker.known().problem == refused.problem
    ec2.start_instances(InstanceIds=[instance])  # by another hand
    after = worker.known()
    assert (after.state, after.problem) == ("running", None)


def test_a_role_that_may_not_look_is_said(ec2, instance, patient):
    worker = Worker(instance, lambda: Refusing(ec2, describe_instances="UnauthorizedOperation"), "eu-west-1")
    assert worker.known() == Known("unknown", None, SENTENCES["UnauthorizedOperation"])


def test_a_machine_that_is_gone_is_said(aws_settings, patient):  # noqa: F811
    found = open_worker("i-0123456789abcdef0", aws_settings).known()
    assert found.problem == SENTENCES["InvalidInstanceID.NotFound"]


def test_an_ec2_that_does_not_answer_is_said(aws_settings, patient):  # noqa: F811
    silent = aws_settings.model_copy(update={"aws_endpoint_url": "http://127.0.0.1:9"})
    worker = Worker("i-1", lambda: client("ec2", silent, read_timeout=1, attempts=1), "eu-west-1")
    assert "does not answer" in worker.known().problem


def test_nobody_waits_for_an_ec2_that_is_slow(instance, ec2, monkeypatch):
    """What was known before is what a page gets, and one question is on its way, however many pages look."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    gate, asked = threading.Event(), []

    class Slow:
        def describe_instances(self, **arguments):
            asked.append(arguments)
            assert gate.wait(60)
            return ec2.describe_instances(**arguments)

    worker = Worker(instance, lambda: Slow(), "eu-west-1")
    try:
        assert [worker.known() for _ in range(50)] == [Known()] * 50
        assert len(asked) <= 1
    finally:
        gate.set()
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
    worker._asking.result(60)
    assert worker.known().state == "stopped"


def test_an_answer_is_kept_for_seconds(instance, ec2, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(module, "FRESH_SECONDS", 3600)
    counted = Refusing(ec2)
    worker = Worker(instance, lambda: counted, "eu-west-1")
    assert [worker.known().state for _ in range(20)] == ["stopped"] * 20
    assert counted.asked == ["describe_instances"]
    worker.start()
    assert counted.asked[1:] == ["start_instances", "describe_instances"]


# What is shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "answers", "label", "buttons", "changing"),
    [
        (Known("stopped"), False, "Worker stopped", "start", False),
        (Known("pending", 3), False, "Worker starting", "", True),
        (Known("running", 60), False, "Worker starting", "stop", True),
        (Known("running", BOOT_SECONDS + 60), False, "Agent down", "stop", False),
        (Known("running", 60), True, "Worker running", "stop", False),
        (Known("stopping", 60), False, "Worker stopping", "", True),
        (Known("terminated"), False, "No worker", "", False),
        (Known("shutting-down"), False, "No worker", "", False),
        (Known("unknown"), False, "Agent down", "", False),
        (Known("unknown"), True, "Worker running", "stop", False),
    ],
)
def test_each_state_is_shown_with_what_can_be_done(known, answers, label, buttons, changing):
    shown = look(known, answers, 0)
    assert (shown.label, shown.changing) == (label, changing)
    assert "".join(name for name, may in (("start", shown.may_start), ("stop", shown.may_stop)) if may) == buttons
    assert shown.sentence.endswith(".")
    assert "wait" not in shown.sentence


def test_the_queue_is_part_of_it():
    assert look(Known("stopped"), False, 1).sentence.endswith("One experiment waits.")
    assert look(Known("pending"), False, 3).sentence.endswith("3 experiments wait.")


def test_a_dispatch_says_whether_somebody_must_start_the_worker():
    assert "start it" in waiting(Known("stopped"))
    assert "start it" not in waiting(Known("pending"))


def test_lab_admin_api_and_deployment_say_the_same():
    assert lambdas.load("admin.worker").SENTENCES == SENTENCES
    assert {code: SENTENCES[code] for code in EC2} == EC2
    assert {"InsufficientInstanceCapacity", "VcpuLimitExceeded"} <= EC2.keys()
