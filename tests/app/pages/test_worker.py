"""The worker on the lab's pages, whose agent is away: its state, start and stop, and what a dispatch says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from app import worker as module
from app.drafts import Draft
from app.worker import SENTENCES, Worker
from gpu_agent.contract import EXAMPLE

from .test_lab import button


class Machine:
    """An EC2 of one machine that goes where it is told when the test says so."""

    def __init__(self, state: str = "stopped", minutes: float = 1):
        self.state, self.launched, self.refuses = state, datetime.now(UTC) - timedelta(minutes=minutes), None

    def describe_instances(self, InstanceIds):
        machine = {"State": {"Name": self.state}, "LaunchTime": self.launched}
        return {"Reservations": [{"Instances": [machine]}]}

    def start_instances(self, InstanceIds):
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses, "Message": "no"}}, "StartInstances")
        self.state = "pending"

    def stop_instances(self, InstanceIds):
        self.state = "stopping"


@pytest.fixture
def machine(services, monkeypatch) -> Machine:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    made = Machine()
    services.worker = Worker("i-1", lambda: made, "us-east-1")
    return made


def said(test) -> str:
    return "\n".join(e.value for e in [*test.markdown, *test.caption, *test.warning, *test.error, *test.toast])


def labels(test) -> list[str]:
    return [b.label for b in test.button]


@pytest.mark.parametrize("page", ["lab", "experiments"])
def test_a_stopped_worker_is_said_and_started(open_page, machine, page):
    test = open_page(page)
    assert "The worker is stopped." in said(test)
    assert "The agent does not answer" not in said(test)
    button(test, "Start the worker").click().run()
    assert machine.state == "pending"
    assert "The worker is starting" in said(test)
    assert "Start the worker" not in labels(test)


def test_a_dispatch_to_a_stopped_worker_is_queued_and_offers_to_start_it(open_page, services, machine):
    services.drafts.save(Draft("d1", text=EXAMPLE, form={"clips": ["carphone"], "frames": 8}))
    test = open_page("lab", draft="d1")
    button(test, "Dispatch").click().run()
    assert len(services.store.waiting()) == 1
    assert any("start it, and the experiment runs" in t.value for t in test.toast)
    assert "Queued: next in line" in said(test)
    assert "One experiment waits." in said(test)
    last = [b for b in test.button if b.label == "Start the worker"][-1]
    last.click().run()
    assert machine.state == "pending"


def test_why_it_does_not_start_is_said(open_page, machine):
    machine.refuses = "VcpuLimitExceeded"
    test = open_page("lab")
    button(test, "Start the worker").click().run()
    assert SENTENCES["VcpuLimitExceeded"] in [e.value for e in test.error]
    assert "Start the worker" in labels(test)


def test_a_machine_whose_agent_never_answers_can_be_stopped(open_page, machine):
    machine.state, machine.launched = "running", machine.launched - timedelta(minutes=30)
    test = open_page("experiments")
    assert "31 minutes and its agent does not answer" in said(test)
    button(test, "Stop it now").click().run()
    assert machine.state == "stopping"
    assert "The worker is stopping" in said(test)


def test_nobody_waits_for_an_agent_on_a_machine_that_is_off(open_page, services, machine, monkeypatch):
    """Packets to a stopped instance vanish: each question would hold the page for seconds."""
    asked = []
    monkeypatch.setattr(services.agent, "_http", type("Http", (), {"request": lambda *a, **k: asked.append(a)})())
    open_page("lab")
    assert asked == []


def test_the_chosen_clips_stay_while_no_catalogue_is_known(open_page, services):
    services.drafts.save(Draft("d1", text=EXAMPLE, form={"clips": ["mine", "carphone"]}))
    test = open_page("lab", draft="d1")
    assert test.multiselect[0].value == ["mine", "carphone"]
    assert services.drafts.get("d1").form["clips"] == ["mine", "carphone"]
