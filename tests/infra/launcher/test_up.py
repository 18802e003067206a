"""`./lab` as a whole over two small real servers: signals, deaths, ports, and that no process is left."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.launcher.programs import SERVER, alive, free_port, kill_quietly, pids, until

ROOT = Path(__file__).resolve().parents[3]

LAUNCHER = """\
import sys
from pathlib import Path
from infra.launcher import cli, environment, packages, scope, supervisor
environment.Environment.ensure = lambda self, *names: Path(sys.argv[1])
packages.ensure_bubblewrap = lambda: None
packages.jail_problem = lambda: None
scope.delegated_scope = list
original = supervisor.Supervisor.__init__
supervisor.Supervisor.__init__ = lambda self, services: original(self, services, first_wait=0.05)
sys.exit(cli.main(sys.argv[2:]))
"""

PYTHON = """\
#!/bin/sh
[ "$2" = "$BROKEN" ] && {{ echo "$2 cannot be imported"; exit 3; }}
case "$2" in
gpu_agent) exec {python} -c "$SERVER" agent "$CODEC_LAB_AGENT_PORT" {folder} ;;
app) exec {python} -c "$SERVER" lab "$CODEC_LAB_APP_PORT" {folder} ;;
app.autopilot) exec {python} -c "$SERVER" autopilot 0 {folder} ;;
esac
"""


NAMES = ("agent", "lab", "autopilot")


class Lab:
    """A launcher in a process of its own, its output in a file."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.port, self.agent_port = free_port(), free_port()
        python = folder / "python"
        python.write_text(PYTHON.format(python=sys.executable, folder=folder))
        python.chmod(0o755)
        self.environment = os.environ | {"SERVER": SERVER, "PYTHONPATH": str(ROOT)} | variables
        self.process = None

    def start(self, *more: str) -> subprocess.Popen:
        options = ["--port", str(self.port), "--agent-port", str(self.agent_port), "--data", str(self.folder / "data")]
        command = [sys.executable, "-c", LAUNCHER, str(self.folder / "python"), *options, *more]
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        return self.process

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def said(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> None:
        until(lambda: text in self.said or self.process.poll() is not None, f"{text!r} in the output")
        assert text in self.said

    def all_pids(self) -> list[int]:
        return [pid for name in NAMES for pid in pids(self.folder, name)]

    def again(self, *options: str) -> subprocess.CompletedProcess:
        """Another launcher beside the first, until it ends by itself."""
        command = [sys.executable, "-c", LAUNCHER, str(self.folder / "python"), *options]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def make(tmp_path):
    labs = []

    def begin(**variables):
        labs.append(Lab(tmp_path, **variables))
        return labs[-1]

    yield begin
    for lab in labs:
        if lab.process:
            lab.process.terminate()
            lab.process.wait(60)
        kill_quietly(lab.all_pids())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_leaves_nothing(make, number):
    lab = make()
    process = lab.start()
    lab.says("Ctrl-C stops all")
    assert f"Codec Lab is at http://127.0.0.1:{lab.port}" in lab.said
    until(lambda: len(lab.all_pids()) == 6, "all three")
    started = lab.all_pids()
    process.send_signal(number)
    assert process.wait(60) == 0
    assert [pid for pid in started if alive(pid)] == []


def test_a_killed_launcher_leaves_nothing(make):
    lab = make()
    process = lab.start()
    lab.says("Ctrl-C stops all")
    started = lab.all_pids()
    process.kill()
    process.wait(60)
    until(lambda: not any(map(alive, started)), "the end of all processes")


def test_a_second_ctrl_c_does_not_wait_for_a_program_that_ignores_the_first(make):
    lab = make(STUBBORN="agent")
    process = lab.start()
    lab.says("Ctrl-C stops all")
    process.send_signal(signal.SIGINT)
    lab.says("Stopping")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert [pid for pid in lab.all_pids() if alive(pid)] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_dies_is_told_and_started_again_while_the_others_stay(make, name):
    lab = make()
    lab.start()
    lab.says("Ctrl-C stops all")
    until(lambda: len(lab.all_pids()) == 6, "all three")
    other = [pid for other in NAMES if other != name for pid in pids(lab.folder, other)]
    os.kill(pids(lab.folder, name)[0], signal.SIGKILL)
    lab.says(f"The {name} has stopped (signal 9).")
    lab.says(f"{name} listens")
    lab.says(f"The {name} was started again.")
    until(lambda: len(pids(lab.folder, name)) == 4, "the second start")
    assert all(map(alive, other))


def test_a_lab_that_keeps_dying_ends_everything(make):
    lab = make()
    process = lab.start()
    lab.says("Ctrl-C stops all")
    for number in range(6):
        until(lambda starts=number + 1: len(pids(lab.folder, "lab")) == 2 * starts, f"start {number + 1}")
        os.kill(pids(lab.folder, "lab")[-2], signal.SIGKILL)
    assert process.wait(60) == 1
    assert "It has died 6 times in a row, so everything is stopped." in lab.said
    assert [pid for pid in lab.all_pids() if alive(pid)] == []


def test_what_cannot_start_is_told_with_its_last_lines_and_nothing_is_left(make):
    lab = make(BROKEN="app")
    assert lab.start().wait(60) == 1
    assert "The lab did not start (exit status 3)." in lab.said
    assert "app cannot be imported" in lab.said
    assert [pid for pid in lab.all_pids() if alive(pid)] == []


def test_verbose_shows_what_the_programs_print(make):
    lab = make()
    lab.start("--verbose")
    lab.says("Ctrl-C stops all")
    lab.says("agent | agent listens")


def test_the_same_lab_again_names_the_one_that_runs(make):
    lab = make()
    process = lab.start()
    lab.says("Ctrl-C stops all")
    second = lab.again("--data", str(lab.folder / "data"))
    assert second.returncode == 1
    assert f"already runs at http://127.0.0.1:{lab.port} (process {process.pid})" in second.stderr


@pytest.mark.parametrize(("which", "option"), [("port", "--port"), ("agent_port", "--agent-port")])
def test_a_port_in_use_is_named_with_the_option_that_chooses_another(make, which, option):
    lab = make()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", getattr(lab, which)))
        taken.listen()
        assert lab.start().wait(60) == 1
    assert f"Port {getattr(lab, which)}, which the " in lab.said
    assert f"Choose another: ./lab {option} PORT" in lab.said
    assert len(lab.said.strip().splitlines()) == 1
    assert lab.all_pids() == []


def test_a_data_folder_that_cannot_be_used_is_told(make):
    lab = make()
    (lab.folder / "file").write_text("")
    answer = lab.again("--data", str(lab.folder / "file" / "data"))
    assert answer.returncode == 1
    assert "cannot be used" in answer.stderr
    assert "./lab --data FOLDER" in answer.stderr
