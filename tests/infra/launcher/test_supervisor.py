"""The supervisor's waits: an end that falls between two looks is not slept through."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.launcher.service import Service
from infra.launcher.supervisor import Stopped, Supervisor


class EndsBetweenTwoLooks(Service):
    """Runs at the first look of each stage, has ended at the next: the moment that a busy machine makes likely."""

    looks = 0

    def exit_code(self) -> int | None:
        self.looks += 1
        if self.looks == 1:
            return None
        self.process.wait()
        return self.process.returncode


@pytest.fixture
def service(tmp_path) -> Service:
    made = EndsBetweenTwoLooks("agent", [], "127.0.0.1", 1, "/", tmp_path, {}, Path(tmp_path, "log"))
    made.process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture
def bounded():
    """A wait that never ends fails the test instead of holding it."""

    def late(*_):
        raise TimeoutError("the supervisor sleeps though nothing runs any more")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_stopping_does_not_wait_for_what_has_ended_meanwhile(service, bounded):
    with Supervisor([service]):
        pass
    assert service.process.returncode == 0


def test_a_death_between_the_look_and_the_sleep_is_seen(service, bounded):
    changes = []

    def seen() -> None:
        changes.append(service.exit_code())
        raise Stopped

    service.process.stdin.close()
    with Supervisor([service]) as supervisor, pytest.raises(Stopped):
        supervisor.watch(seen)
    assert changes == [0]
