"""The guard: nothing of a program outlives its end, the launcher's end or the guard's own."""

import os
import signal
import subprocess
import sys

import pytest

from infra.launcher.guard import RotatingLog, descendants
from infra.launcher.service import GUARD
from tests.infra.launcher.programs import SERVER, alive, free_port, kill_quietly, pids, until


@pytest.fixture
def start(tmp_path):
    """Start a program under a guard; everything it was is killed at the end, whatever the test found."""
    guards = []

    def begin(*command, grace=20.0, env=None):
        arguments = [sys.executable, "-I", GUARD, "--log", tmp_path / "log", "--grace", str(grace), "--", *command]
        guard = subprocess.Popen(arguments, stdin=subprocess.PIPE, start_new_session=True, env=env)
        guards.append(guard)
        return guard

    yield begin
    for guard in guards:
        kill_quietly(descendants(guard.pid))
        guard.kill()
        guard.wait()
        guard.stdin.close()
    kill_quietly(pids(tmp_path, "it"))


def server(folder):
    return sys.executable, "-c", SERVER, "it", str(free_port()), str(folder)


def running(folder):
    return until(lambda: pids(folder, "it"), "the server's start")


def test_a_closed_lifeline_ends_the_program_and_its_orphans(start, tmp_path):
    guard = start(*server(tmp_path))
    program, orphan = running(tmp_path)
    guard.stdin.close()
    assert guard.wait(30) == 128 + signal.SIGTERM
    assert not alive(program)
    assert not alive(orphan)


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(start, tmp_path):
    guard = start(*server(tmp_path), grace=0.2, env=os.environ | {"STUBBORN": "it"})
    program, orphan = running(tmp_path)
    guard.stdin.close()
    assert guard.wait(30) == 128 + signal.SIGKILL
    assert not alive(program)
    assert not alive(orphan)
    assert "did not stop in time" in (tmp_path / "log").read_text()


def test_a_second_signal_does_not_wait_for_the_grace(start, tmp_path):
    guard = start(*server(tmp_path), grace=3600, env=os.environ | {"STUBBORN": "it"})
    program, _ = running(tmp_path)
    guard.stdin.close()
    until(lambda: guard.poll() is not None or guard.terminate() or not alive(program), "the stubborn program's end")
    assert guard.wait(30) == 128 + signal.SIGKILL


def test_a_program_that_dies_takes_its_orphans_along_and_its_signal_is_told(start, tmp_path):
    guard = start(*server(tmp_path))
    program, orphan = running(tmp_path)
    os.kill(program, signal.SIGKILL)
    assert guard.wait(30) == 128 + signal.SIGKILL
    assert not alive(orphan)


def test_a_killed_guard_takes_the_program_along(start, tmp_path):
    guard = start(*server(tmp_path))
    program, _ = running(tmp_path)
    guard.kill()
    until(lambda: not alive(program), "the program's end")


def test_exit_status_and_output_are_kept(start, tmp_path):
    guard = start("sh", "-c", "echo to stdout; echo to stderr >&2; exit 7")
    assert guard.wait(30) == 7
    assert (tmp_path / "log").read_text() == "to stdout\nto stderr\n"


def test_a_program_that_is_not_there_is_told_in_the_log(start, tmp_path):
    assert start(tmp_path / "absent").wait(30) == 127
    assert "absent does not start: " in (tmp_path / "log").read_text()


def test_the_log_rotates_and_stays_bounded(tmp_path):
    log = RotatingLog(tmp_path / "log", limit=100, files=3)
    for number in range(50):
        log.write(f"line {number:04}\n".encode())
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log", "log.1", "log.2"]
    assert all((tmp_path / name).stat().st_size <= 100 for name in files)
    kept = "".join((tmp_path / name).read_text() for name in ("log.2", "log.1", "log")).split("\n")
    assert kept[-2] == "line 0049"
    assert kept[0] > "line 0010"
    assert kept[:-1] == sorted(kept[:-1])
