"""The agent as a process: killed at any moment and started again, it loses nothing, doubles nothing, leaves no orphan."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from fractions import Fraction

import pytest

from gpu_agent.models import ErrorCategory, Status
from tests.gpu_agent.live import (
    ROOT,
    SLOW_LAST,
    STUCK,
    AgentProcess,
    comes,
    finished,
    follow,
    gone,
    gone_but_for_an_init,
    jailed,
    left,
    start,
    tiny_clip,
    under_way,
    upload,
)

MOMENTS = ["checking", "preparing", "smoke run", "encoding", "decode", "measure", "preview", "store", "point"]


def serve(folder, **environment):
    """A `serve` that is expected to end by itself."""
    run = subprocess.run(
        [sys.executable, "-m", "gpu_agent", "serve"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CODEC_LAB_DATA": str(folder), "CODEC_LAB_AGENT_PORT": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run.returncode, run.stderr


@pytest.fixture
def rate():
    """A frame rate that no other clip has: the jail is told it, so its processes are known by it."""
    return Fraction(2_500_000 + os.getpid() % 90_000, 100_003)


@pytest.mark.jail
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_an_experiment_is_found_again_and_finishes(agent, tmp_path, rate, seed):
    moment = random.Random(seed).choice(MOMENTS[3 * seed : 3 * seed + 3])
    folder = tmp_path / "data"
    with AgentProcess(folder) as first:
        upload(first.client, tiny_clip(tmp_path, rate=rate))
        e = start(first.client, **SLOW_LAST)
        waits = start(first.client)
        under_way(first.client, e.id, moment)
        first.kill()
    assert gone_but_for_an_init(str(rate)), left(str(rate))
    with AgentProcess(folder) as second:
        done = finished(second.client, e.id)
        assert done.status is Status.SUCCEEDED, done.error
        assert done.attempts == 2
        assert [r.rate for r in done.results] == [4, 2, 8]
        after = finished(second.client, waits.id)
        assert (after.status, after.attempts) == (Status.SUCCEEDED, 1)
        assert len(second.client.page()[0]) == 2
        assert second.stop() == 0
    assert not jailed(str(rate))
    assert list((folder / "cache").glob("work/*")) == []
    for text in (first.log.read_text(), second.log.read_text()):
        assert "CANARY" not in text
        assert "Traceback" not in text


@pytest.mark.jail
def test_what_kills_the_agent_each_time_is_failed_as_lost(agent, tmp_path, rate):
    folder = tmp_path / "data"
    for attempt in range(2):
        with AgentProcess(folder) as process:
            if not attempt:
                upload(process.client, tiny_clip(tmp_path, rate=rate))
                e = start(process.client, **STUCK, id="kills-agents")
            follow(process.client, e.id, lambda _, messages, n=attempt + 1: messages.count("running") == n)
            process.kill()
    with AgentProcess(folder) as process:
        done = finished(process.client, e.id)
        assert (done.status, done.error.category) == (Status.FAILED, ErrorCategory.LOST)
        assert "died 2 times" in done.error.message
        assert (done.results, done.summary.best_psnr_y, done.progress.stage) == ([], None, "finished")
    assert gone(str(rate))


@pytest.mark.jail
def test_sigterm_puts_the_run_back_uncounted(agent, tmp_path, rate):
    folder = tmp_path / "data"
    with AgentProcess(folder) as process:
        upload(process.client, tiny_clip(tmp_path, rate=rate))
        e = start(process.client, **STUCK)
        under_way(process.client, e.id)
        assert comes(lambda: jailed(str(rate)))
        assert process.stop() == 0
    assert not jailed(str(rate))
    with sqlite3.connect(folder / "lab.db") as db:
        status, attempts = db.execute("SELECT status, json_extract(record, '$.attempts') FROM experiments").fetchone()
    assert (status, attempts) == ("queued", 0)


def test_a_second_agent_says_so_and_leaves(idle):
    code, said = serve(idle.settings.root)
    assert (code, said.strip().count("\n")) == (1, 0)
    assert f"An agent already works on {idle.settings.root}" in said


def test_a_port_in_use_says_so(idle, tmp_path):
    port = str(idle.server.server_address[1])
    code, said = serve(tmp_path / "data", CODEC_LAB_AGENT_PORT=port)
    assert code == 1
    assert said.strip() == f"The agent cannot listen on 127.0.0.1:{port}: Address already in use. Choose another port."


def test_a_data_folder_that_cannot_be_used_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    code, said = serve(tmp_path / "file" / "data")
    assert code == 1
    assert said.startswith(f"The agent cannot use {tmp_path}/file")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lab.db").write_text(
        "this is no database, and it is long enough for SQLite to look at it twice" * 9
    )
    code, said = serve(tmp_path / "data")
    assert code == 1
    assert "lab.db" in said
    assert "Traceback" not in said


def test_a_wrong_setting_is_named_without_its_value(tmp_path):
    code, said = serve(tmp_path, CODEC_LAB_AGENT_PORT="not-a-port", CODEC_LAB_LEASE_SECONDS="-1")
    assert code == 2
    assert "CODEC_LAB_AGENT_PORT: " in said
    assert "CODEC_LAB_LEASE_SECONDS: " in said
    assert "not-a-port" not in said
    assert "Traceback" not in said


def test_ctrl_c_ends_it_in_order(tmp_path):
    with AgentProcess(tmp_path / "data") as process:
        process.process.send_signal(signal.SIGINT)
        assert process.process.wait(60) == 0
    assert "Traceback" not in process.log.read_text()
