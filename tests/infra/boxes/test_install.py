"""A box from its first boot on: the template's user data, codec-lab-boot, install.sh and the units, under a real systemd.

Real here: systemd (this system's own, as the first process of a private root), the script in compute.yaml, everything in
infra/boxes, pip, flock, dpkg. Stood in for: the AWS CLI by files (aws.sh), curl, dnf and apparmor_parser by nothing, the
programs by a stub that answers /health, their wheels by one module, bubblewrap by an empty package, the images of EC2 by
this system's /usr. `codec-lab-logs` has no boto3 here and fails; nothing is asked of it. A release
that never answers is given 3 seconds instead of 180.
"""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.infra.boxes import machine
from tests.infra.boxes.machine import Machine

HOLD = """\
import fcntl, sys
file = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""
WHY_NOT = machine.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=f"No systemd of its own can be started here: {WHY_NOT}")


@pytest.fixture
def boot(tmp_path):
    """Makes a box of a role that was booted for the first time; they are gone after the test."""
    made = []

    def make(role: str) -> Machine:
        box = Machine(tmp_path, role)
        made.append(box)
        box.first_boot()
        return box

    yield make
    for box in made:
        box.kill()


def installed(box: Machine, build: str, wheelhouse: str | None = None, **options) -> str:
    release = box.release(build, wheelhouse or box.wheelhouse("a"), **options)
    done = box.deploy(release)
    assert done.returncode == 0, done.stderr
    assert box.health()["build"] == build
    return release


@pytest.mark.parametrize("role", ["worker", "orchestrator"])
def test_a_box_from_its_first_boot_to_its_second(boot, role):
    box = boot(role)
    assert box.booted() == "dead"
    assert "No release is named yet" in box.journal("codec-lab-boot.service")
    units = [box.unit] + (["codec-lab-autopilot.service"] if role == "orchestrator" else [])
    first = installed(box, "one")
    assert box.linked() == box.linked("seen") == first
    box.name(first)
    before = box.health()["pid"]
    assert box.deploy(first).returncode == 0, "a deployment that finds no answer sends the release that is there"
    assert box.health()["pid"] != before

    box.reboot()
    assert box.booted() == "dead"
    assert box.health()["build"] == "one"
    for unit in units:
        assert box.show(unit, "ActiveState") == "active"
        assert box.journal(unit).count("Started ") == 1, "the boot started what ran already once more"


def test_a_second_release_leaves_the_environments_in_use(boot):
    box = boot("orchestrator")
    old, new = box.wheelhouse("a"), box.wheelhouse("b")
    first = installed(box, "one", old)
    second = installed(box, "two", new)
    assert box.linked() == second
    assert box.names("venvs") == {old, new}
    assert box.show("codec-lab-autopilot.service", "ActiveState") == "active"

    assert box.deploy(first).returncode == 0
    assert box.health()["build"] == "one"
    box.name(first)
    box.reboot()
    assert box.booted() == "dead"
    assert (box.linked(), box.health()["build"]) == (first, "one")

    third, fourth = (installed(box, build, new) for build in ("three", "four"))
    assert box.names("releases") == {second, third, fourth}
    assert box.names("venvs") == {new}


def test_a_release_named_while_the_box_was_stopped_is_installed_at_boot(boot):
    box = boot("worker")
    wheels = box.wheelhouse("a")
    box.name(installed(box, "one", wheels))
    box.stop()
    second = box.release("two", wheels)
    box.name(second)
    box.start()
    assert box.booted() == "dead"
    assert (box.linked(), box.health()["build"]) == (second, "two")


@pytest.mark.parametrize("fault", ["silent", "configure"])
def test_a_release_that_does_not_answer_gives_way_to_the_one_before(boot, fault):
    box = boot("orchestrator")
    wheels = box.wheelhouse("a")
    first = installed(box, "one", wheels)
    box.name(first)
    unit = (box.disk / "etc/systemd/system" / box.unit).read_text()
    changes = {f"infra/boxes/{box.unit}": unit.replace("the lab", "another lab")}
    if fault == "configure":
        changes["infra/boxes/configure"] = "#!/bin/bash\nexit 1\n"
    bad = box.release("two", wheels, answers=fault != "silent", changes=changes)
    box.patience(3)
    done = box.deploy(bad)
    assert done.returncode == 3
    assert f"back to {first}" in done.stderr
    assert box.linked() == box.linked("seen") == first
    assert (box.disk / "etc/systemd/system" / box.unit).read_text() == unit
    box.wait_for("one")
    if fault == "configure":
        return

    box.name(bad)
    box.reboot()
    assert box.booted() == "failed", "tried again and again, each try stops what runs"
    box.wait_for("one")
    assert box.linked() == first


def test_a_box_that_stopped_while_a_release_was_tried_goes_back_to_the_one_seen_running(boot):
    box = boot("orchestrator")
    wheels = box.wheelhouse("a")
    first = installed(box, "one", wheels)
    bad = box.release("two", wheels, answers=False)
    box.name(bad)
    box.patience(3)
    deployment = subprocess.Popen(box.command("/usr/local/sbin/codec-lab-boot", bad), stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while box.linked() != bad and time.monotonic() < until:
        time.sleep(0.05)
    assert box.linked() == bad
    box.kill()
    deployment.wait()
    box.start()
    assert box.booted() == "failed"
    assert box.linked() == first
    box.wait_for("one")


@pytest.mark.parametrize("comes_first", ["boot", "deployment"])
def test_a_boot_and_a_deployment_wait_for_each_other(boot, comes_first):
    """A deployment to a stopped box starts it, so that both run at once; the release is named only afterwards."""
    box = boot("orchestrator")
    wheels = box.wheelhouse("a")
    first = installed(box, "one", wheels)
    second = box.release("two", wheels)
    box.name(first)
    box.stop()
    slow, away = box.aws / "slow", box.aws / "away"
    (slow if comes_first == "boot" else away).touch()
    box.start()
    if comes_first == "deployment":
        assert box.booted() == "auto-restart", "an AWS out of reach is not one that names no release"
        slow.touch()
        away.unlink()
    else:
        asking(box, "get-parameter --name /v3/orchestrator/release")
    deployment = subprocess.Popen(box.command("/usr/local/sbin/codec-lab-boot", second), stdout=subprocess.DEVNULL)
    if comes_first == "deployment":
        asking(box, second)
        box.run("systemctl", "restart", "--no-block", "codec-lab-boot.service")
    time.sleep(0.5)
    slow.unlink()
    assert deployment.wait(timeout=60) == 0
    assert box.booted() == "dead"
    box.wait_for("two")
    assert box.linked() == second
    said = box.journal("codec-lab-boot.service")
    assert ("it stays" in said) == (comes_first == "deployment")
    assert (f"The release {first} runs." in said) == (comes_first == "boot")


def asking(box: Machine, what: str) -> None:
    """Until the AWS CLI is asked for this."""
    until = time.monotonic() + 30
    while box.run("pgrep", "--full", f"/aws .*{what}").returncode:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_worker_waits_for_the_package_manager_of_a_first_boot(boot):
    box = boot("worker")
    if box.run("test", "-e", "/usr/bin/bwrap").returncode == 0:
        pytest.skip("This system's bubblewrap cannot be hidden from the machine.")
    release = box.release("one", box.wheelhouse("a"))
    other = subprocess.Popen(box.command("python3", "-c", HOLD), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdout.readline()
    deployment = subprocess.Popen(box.command("/usr/local/sbin/codec-lab-boot", release), stdout=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        deployment.wait(timeout=4)
    other.communicate()
    assert deployment.wait(timeout=60) == 0
    box.wait_for("one")
    assert box.run("bash", "-c", "command -v bwrap").stdout == "/usr/local/sbin/bwrap\n"
