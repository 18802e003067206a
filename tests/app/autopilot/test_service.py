"""The process around the loops: its lock, the key, the pause of the admin API, more than one run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from app.autopilot import control as module
from app.autopilot.control import Free, TableControl, open_control
from app.autopilot.ledger import Ledger
from app.autopilot.service import NO_KEY, AlreadyRunning, Service
from app.settings import AppSettings
from gpu_agent.store import StoreError
from tests.gpu_agent.live import ROOT

from .made import run


@pytest.fixture
def settings(tmp_path):
    return AppSettings(
        data=tmp_path, agent_url="http://127.0.0.1:9", anthropic_api_key="key", anthropic_base_url="http://127.0.0.1:9"
    )


@pytest.fixture
def service(settings):
    made = Service(settings)
    yield made
    made.stop()
    made.serve()


def test_one_service_a_data_folder(service, settings):
    with pytest.raises(AlreadyRunning, match="already works on"):
        Service(settings)


def test_without_a_key_it_idles_and_says_so(settings, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    bare = Service(settings.model_copy(update={"anthropic_api_key": None}))
    started = bare.ledger.start(run().settings)
    bare.look()
    assert bare.ledger.run(started.id).state == "paused"
    assert bare.ledger.run(started.id).reason == NO_KEY
    assert bare.ledger.pulse().said == NO_KEY
    assert bare.ledger.attempts(started.id) == []
    bare.stop()
    bare.serve()


def test_a_fault_in_one_run_holds_that_run_alone(service, monkeypatch):
    from app.autopilot.loop import Loop

    first, second = (service.ledger.start(run().settings) for _ in range(2))
    advance = Loop.advance
    monkeypatch.setattr(Loop, "advance", lambda loop, r, held: 1 / 0 if r.id == first.id else advance(loop, r, held))
    service.look()
    assert service.ledger.run(first.id).wish == "pause"
    assert "The autopilot itself failed" in service.ledger.run(first.id).reason
    assert service.ledger.run(second.id).state == "running"


class Table:
    def __init__(self):
        self.item, self.asked = None, []

    def get(self, key):
        self.asked.append(key)
        if isinstance(self.item, Exception):
            raise self.item
        return self.item


@pytest.fixture
def clock(monkeypatch):
    at = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: at[0])
    return at


def test_the_admin_apis_wish_is_read_at_most_every_two_seconds(clock):
    table = Table()
    control = TableControl(table)
    assert control.paused() is None
    assert table.asked == [{"pk": "CONTROL", "sk": "AUTOPILOT"}]
    table.item = {"wish": "paused"}
    assert control.paused() is None
    clock[0] += 2
    assert "paused by the admin API" in control.paused()
    table.item = {"wish": "running"}
    clock[0] += 2
    assert control.paused() is None


def test_while_the_wish_cannot_be_read_nothing_new_begins(clock):
    table = Table()
    table.item = StoreError("The table does not answer.")
    assert "The table does not answer." in TableControl(table).paused()


def test_at_home_nothing_stands_in_the_way(settings):
    assert isinstance(open_control(settings), Free)


def test_the_ledger_is_the_pages_own(service, settings):
    assert Ledger(settings.root / "autopilot.db").pulse() is None
    service.look()
    assert Ledger(settings.root / "autopilot.db").pulse().said == "idle"


def test_a_signal_ends_it_in_order_and_a_second_one_is_refused_meanwhile(settings, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CODEC_LAB_DATA": str(tmp_path)}
    start = lambda: subprocess.Popen(
        [sys.executable, "-m", "app.autopilot"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    with start() as first:
        line = first.stderr.readline()
        assert NO_KEY in line
        with start() as second:
            assert "An autopilot already works on" in second.stderr.read()
        assert second.returncode == 1
        first.send_signal(signal.SIGTERM)
        first.wait(60)
    assert first.returncode == 0
