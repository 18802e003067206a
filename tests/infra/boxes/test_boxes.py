"""What runs on the boxes: idle stop, the journal's way to CloudWatch, and scripts that bash reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from infra.boxes import healthy, idle, journal

FOLDER = Path(idle.__file__).parent
IDLE = {"running": False, "queue_depth": 0, "background": False}


@pytest.mark.parametrize("name", ["install.sh", "configure", "start"])
def test_scripts_are_bash(name):
    assert subprocess.run(["bash", "-n", FOLDER / name]).returncode == 0
    assert (FOLDER / name).stat().st_mode & 0o100


@pytest.mark.parametrize("health", [{"running": True}, {"queue_depth": 3}, {"background": True}])
def test_work_keeps_the_worker(tmp_path, health):
    mark = tmp_path / "busy"
    assert not idle.decide(IDLE, mark, now=1000.0)
    assert not idle.decide(IDLE | health, mark, now=1000.0 + 3600)
    assert not idle.decide(IDLE, mark, now=1000.0 + 3600 + 29 * 60)


def test_half_an_hour_without_work_stops_it(tmp_path):
    mark = tmp_path / "run" / "busy"
    assert not idle.decide(IDLE, mark, now=1000.0)
    assert not idle.decide(IDLE, mark, now=1000.0 + 29 * 60)
    assert idle.decide(IDLE, mark, now=1000.0 + 30 * 60)


def test_an_agent_that_does_not_answer_is_not_paid_for(tmp_path):
    mark = tmp_path / "busy"
    assert not idle.decide(None, mark, now=1000.0)
    assert idle.decide(None, mark, now=1000.0 + 31 * 60)


def test_what_answers_with_another_build_is_not_healthy(monkeypatch, capsys):
    monkeypatch.setattr(healthy, "answered", lambda port: {"build": "old"})
    monkeypatch.setattr(healthy.time, "sleep", lambda seconds: None)
    assert healthy.main("8787", "old", seconds=5) == 0
    assert healthy.main("8787", "new", seconds=0.05) == 1
    assert "build old" in capsys.readouterr().err


def test_a_line_of_the_journal_is_an_event():
    line = json.dumps(
        {"MESSAGE": "started", "__REALTIME_TIMESTAMP": "1795348800000123", "_SYSTEMD_UNIT": "codec-lab-worker.service"}
    )
    assert journal.event_of(line) == {"timestamp": 1795348800000, "message": "codec-lab-worker: started"}
    assert journal.event_of(json.dumps({"MESSAGE": [104, 105], "__REALTIME_TIMESTAMP": "1000"}))["message"] == ": hi"
    assert journal.event_of("no json") is None
    assert journal.event_of("{}") is None


def test_events_reach_cloudwatch_in_order_of_time(aws):
    import time

    logs, at = aws.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName="/v3/worker")
    journal.send(logs, "/v3/worker", "box/today", [{"timestamp": at + n, "message": str(n)} for n in (2, 1)])
    journal.send(logs, "/v3/worker", "box/today", [{"timestamp": at + 3, "message": "3"}])
    found = logs.get_log_events(logGroupName="/v3/worker", logStreamName="box/today")["events"]
    assert [e["message"] for e in found] == ["1", "2", "3"]


def test_the_units_keep_what_the_jail_needs():
    unit = (FOLDER / "codec-lab-worker.service").read_text()
    for line in ("Delegate=yes", "OOMPolicy=continue", "User=codec-lab", "Restart=always"):
        assert line in unit.splitlines()
    assert "userns" in (FOLDER / "bwrap.apparmor").read_text()


def test_the_autopilot_runs_beside_the_lab_on_the_same_folder():
    lab, autopilot = ((FOLDER / f"codec-lab-{name}.service").read_text() for name in ("orchestrator", "autopilot"))
    assert "ExecStart=/opt/codec-lab/current/infra/boxes/start app.autopilot" in autopilot.splitlines()
    for line in ("User=codec-lab", "ReadWritePaths=/var/lib/codec-lab", "Restart=always"):
        assert line in lab.splitlines()
        assert line in autopilot.splitlines()
    assert "codec-lab-autopilot.service" in (FOLDER / "install.sh").read_text()


def test_a_lab_that_nobody_signs_in_to_listens_to_its_own_machine_alone(tmp_path):
    """`configure` with a stand-in for the AWS CLI: the parameter for signing in comes last, or not at all."""
    aws = tmp_path / "aws"
    aws.write_text(
        '#!/bin/bash\ncase "$*" in\n*/v3/orchestrator/settings*) echo CODEC_LAB_APP_HOST=127.0.0.1 ;;\n'
        "*/v3/orchestrator/sign-in*) [ -e signing ] && cat signing || { echo ParameterNotFound >&2; exit 254; } ;;\n"
        "*/v3/agent/token*) echo token ;;\n*) exit 1 ;;\nesac\n"
    )
    aws.chmod(0o755)
    (tmp_path / "box.env").write_text("PROJECT=v3\nROLE=orchestrator\n")
    script = (FOLDER / "configure").read_text().replace("/etc/codec-lab", ".").replace("/run/codec-lab", "./run")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    run = lambda: subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    done = run()
    assert done.returncode == 0, done.stderr
    assert "Nobody has to sign in" in done.stderr
    assert (tmp_path / "run" / "env").read_text().splitlines() == [
        "CODEC_LAB_APP_HOST=127.0.0.1",
        "CODEC_LAB_TOKEN=token",
    ]
    (tmp_path / "signing").write_text("CODEC_LAB_APP_HOST='0.0.0.0'\nCODEC_LAB_AUTH='{}'\n")
    assert run().returncode == 0
    lines = (tmp_path / "run" / "env").read_text().splitlines()
    assert lines[-2:] == ["CODEC_LAB_APP_HOST='0.0.0.0'", "CODEC_LAB_AUTH='{}'"]
    assert (tmp_path / "run" / "env").stat().st_mode & 0o077 == 0
