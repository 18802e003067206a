"""An init whose bubblewrap was killed too early is found and removed; one that lives is let alone."""

import shutil
import signal
import subprocess

import pytest

from gpu_agent.jail.mounts import CHILD
from gpu_agent.jail.stale import sweep
from tests.gpu_agent.live import comes, gone, jailed

pytestmark = [
    pytest.mark.jail,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]


@pytest.fixture
def start(request):
    """A jail as bubblewrap makes it, without the parent-death signal: what the moment before it looks like."""
    outer = []

    def begin(mark: str, *last: str) -> subprocess.Popen:
        confined = ["--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        command = ["bwrap", *confined, "--", "sh", "-c", "echo up; sleep 600; true", *last, mark]
        outer.append(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True))
        assert outer[-1].stdout.readline() == b"up\n"
        return outer[-1]

    yield begin
    for process in outer:
        process.kill()
        process.wait()
        process.stdout.close()


def killed(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_what_a_killed_bubblewrap_left_is_removed_with_all_that_is_below_it(start):
    mark = "codec-lab-test-left-behind"
    killed(start(mark, CHILD))
    assert jailed(mark), "the init outlives it: otherwise there is nothing to be shown here"
    assert sweep() >= 1
    assert gone(mark)


def test_living_jails_and_other_peoples_are_spared(start):
    living, foreign = "codec-lab-test-living", "codec-lab-test-foreign"
    start(living, CHILD)
    killed(start(foreign))
    sweep()
    assert comes(lambda: len(jailed(living)) >= 2)
    assert jailed(foreign)
    for pid in jailed(foreign):
        subprocess.run(["kill", "-9", str(pid)], check=False)
    assert gone(foreign)
