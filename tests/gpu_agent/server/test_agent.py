"""The agent as a whole: one a folder, its token, its health, shutting down in order."""

import contextlib
import os
import stat
import threading
from collections import Counter
from pathlib import Path

import pytest

from gpu_agent.jail.watchdog import tree
from gpu_agent.models import Status
from gpu_agent.preview import Choice
from gpu_agent.preview.encoders import Encoder
from gpu_agent.server import Agent, app
from gpu_agent.server.app import AlreadyRunning, kept_token
from tests.gpu_agent.factory import experiment
from tests.gpu_agent.live import (
    SLOW_LAST,
    STUCK,
    Wire,
    ask,
    client_of,
    comes,
    finished,
    follow,
    live_agent,
    run,
    settings_for,
    start,
    tiny_clip,
    under_way,
    upload,
)


def test_a_second_agent_on_the_folder_is_refused_with_a_sentence(idle):
    with pytest.raises(AlreadyRunning, match=str(idle.settings.root)):
        Agent(settings_for(idle.settings.root))


def test_an_agent_that_cannot_listen_lets_go_of_its_folder(tmp_path, idle):
    port = idle.server.server_address[1]
    with pytest.raises(OSError, match="in use"):
        Agent(settings_for(tmp_path, agent_port=port))
    with live_agent(tmp_path, jail=False) as agent:
        assert ask(agent, "GET", "/health").status == 200


def test_the_token_is_made_once_for_its_owner_alone(tmp_path):
    path, made = tmp_path / "token", set()
    threads = [threading.Thread(target=lambda: made.add(kept_token(path))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(made) == 1
    assert len(made.pop()) >= 40
    assert [p.name for p in tmp_path.iterdir()] == ["token"]
    path.chmod(0o644)
    kept_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("\n")
    with pytest.raises(OSError, match="delete it"):
        kept_token(path)


def test_the_data_folder_is_private(idle):
    assert stat.S_IMODE(idle.settings.root.stat().st_mode) == 0o700


def test_health_needs_no_token_and_tells_nothing_secret(idle):
    start(client_of(idle), code="SECRET = 'code'", title="SECRET title")
    answer = ask(idle, "GET", "/health", token=False)
    body = answer.body.decode()
    for secret in (idle.token, str(idle.settings.root), "SECRET", os.environ.get("HOME", "/root") + "/"):
        assert secret not in body
    assert set(answer.json) == {
        "version", "build", "device", "sandbox", "measurement", "preview", "queue_depth", "anchors", "background",
        "running", "started_at",
    }  # fmt: skip
    assert answer.json["queue_depth"] >= 1


def test_health_says_while_something_joins_finished_experiments(idle):
    """The worker's machine stops itself by this."""
    assert ask(idle, "GET", "/health").json["background"] is False
    idle.auditor.at_work = True
    assert ask(idle, "GET", "/health").json["background"] is True
    idle.auditor.at_work = False


def test_without_a_jail_experiments_wait_and_health_says_how_to_mend_it(idle):
    client = client_of(idle)
    waits = start(client).id
    follow(client, waits, lambda status, messages: bool(messages))
    assert ask(idle, "GET", f"/experiments/{waits}").json["waiting_for"] == "sandbox_unavailable"
    assert ask(idle, "GET", f"/experiments/{waits}/events").json["waiting_for"] == "sandbox_unavailable"
    assert client.health().sandbox == {
        "available": False,
        "level": None,
        "message": "Bubblewrap is not installed: apt install bubblewrap.",
    }
    idle.worker.wake()
    assert all(e.status in (Status.QUEUED, Status.CANCELLED) for e in client.page()[0])


def test_the_encoder_of_previews_is_tried_before_any_run_and_health_says_why_it_is_that(tmp_path, monkeypatch):
    found = Choice(Encoder("h264_fast", {}), "h264_fast is quicker here.")
    monkeypatch.setattr(app, "uses_gpu", lambda settings: True)
    monkeypatch.setattr(app, "choose", lambda: found)
    with live_agent(tmp_path, jail=False) as agent:
        for thread in agent._threads[1:]:
            thread.join(30)
        said = ask(agent, "GET", "/health").json["preview"]
    assert said == {"encoder": "h264_fast", "message": "h264_fast is quicker here."}


def test_without_a_gpu_no_encoder_is_tried(idle):
    said = ask(idle, "GET", "/health").json["preview"]
    assert said == {"encoder": "libx264", "message": "No NVIDIA GPU is used here."}


@pytest.mark.parametrize("finding", ["SSIM is 0.5 instead of 0.9.", RuntimeError("no compiler")])
def test_where_the_measurement_drifts_nothing_runs_and_health_says_why(tmp_path, monkeypatch, finding):
    def check():
        if isinstance(finding, Exception):
            raise finding
        return finding

    monkeypatch.setattr(app, "check_golden", check)
    with live_agent(tmp_path, jail=False) as agent:
        for thread in agent._threads[1:]:
            thread.join(30)
        said = client_of(agent).health().measurement
        assert said["ok"] is False
        assert str(finding) in said["message"]
        assert not agent.worker.is_alive()


def jails() -> list[Path]:
    """The processes of runs below this one."""
    found = []
    for pid in tree(os.getpid()):
        with contextlib.suppress(OSError):
            if b"child.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(Path(f"/proc/{pid}"))
    return found


def open_files() -> Counter[str]:
    """All but the store, which this very thread may have open."""
    files: Counter[str] = Counter()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            files[os.readlink(f"/proc/self/fd/{fd}")] += 1
    return Counter({name: n for name, n in files.items() if "lab.db" not in name and not name.startswith("/proc/")})


def test_stopping_answers_long_polls_and_leaves_no_thread_or_file(tmp_path):
    for thread in threading.enumerate():
        if thread.name == "start":  # of the module's own agents, which are not to start their threads meanwhile
            thread.join(60)
    files, threads = open_files(), set(threading.enumerate())
    answers = []
    with live_agent(tmp_path, jail=False) as agent:
        agent.store.create(experiment(id="waits-long"))
        agent.store.add_event("waits-long", "status", "queued")
        asked = threading.Event()
        agent.store.events = lambda *a, known=agent.store.events: asked.set() or known(*a)
        agent._threads[1].join(60)  # its start-up: what stops during it is not waited for
        with Wire(agent) as polling, Wire(agent) as kept:
            assert kept.ask("GET", "/health").status == 200
            polling.send("GET", "/experiments/waits-long/events?after=9&wait=30")
            asked.wait(30)
            stopping = threading.Thread(target=agent.stop)
            stopping.start()
            answers.append(polling.answer())
            assert kept.closed
            stopping.join(30)
            agent.stop = lambda: None
    assert answers[0].json["status"] == "queued"
    assert comes(lambda: set(threading.enumerate()) <= threads), "a thread ends a moment after it has closed"
    assert comes(lambda: open_files() <= files)


@pytest.mark.jail
def test_stopping_puts_a_running_experiment_back_and_the_next_agent_finishes_it(tmp_path, agent):
    root = tmp_path / "data"
    with live_agent(root) as first:
        client = client_of(first)
        upload(client, tiny_clip(tmp_path))
        e = start(client, **SLOW_LAST)
        behind = start(client)
        under_way(client, e.id)
    assert jails() == []
    kept = first.store.get(e.id)
    assert (kept.status, kept.attempts, kept.results, kept.started_at) == (Status.QUEUED, 0, [], None)
    assert first.store.waiting() == [e.id, behind.id]
    assert list(first.settings.cache.rglob("work/*/*")) == []
    with live_agent(root) as second:
        client = client_of(second)
        done = finished(client, e.id)
        assert (done.status, done.attempts) == (Status.SUCCEEDED, 1)
        messages = [v.message for v in client.events(e.id).events]
        assert messages.count("running") == 2
        assert any(m.startswith("queued again") for m in messages)


@pytest.mark.jail
def test_a_cancel_is_not_forgotten_by_a_shutdown(tmp_path, agent):
    with live_agent(tmp_path / "data") as first:
        client = client_of(first)
        upload(client, tiny_clip(tmp_path))
        e = start(client, **STUCK)
        under_way(client, e.id)
        first.store.request_cancel(e.id)  # as another process does it: this agent has not heard yet
    assert first.store.get(e.id).status is Status.CANCELLED


@pytest.mark.jail
def test_cancelling_a_running_one_ends_its_processes(agent, client):
    e = start(client, **STUCK)
    under_way(client, e.id)
    assert client.cancel(e.id).cancel_requested
    done = finished(client, e.id)
    assert (done.status, done.error, done.finished_at is not None) == (Status.CANCELLED, None, True)
    assert jails() == []
    assert run(client).status is Status.SUCCEEDED


@pytest.mark.jail
def test_the_jails_of_an_agent_know_no_secret(agent, client, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "CANARY-key")
    e = start(client, **STUCK)
    under_way(client, e.id)
    assert comes(jails)
    for process in jails():
        for file in ("environ", "cmdline"):
            said = (process / file).read_bytes()
            assert b"CANARY" not in said
            assert agent.token.encode() not in said
    client.cancel(e.id)
    finished(client, e.id)
