"""A box of the tests: a private root with this system's own systemd as its first process.

Namespaces of the kernel make it a machine (machine.sh); no virtual machine and no container program is needed. Its disk
is a folder, so that it can be stopped and started again, and what lies in /run is gone then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from infra.deploy.releases import PORTS
from tests.infra.boxes import archives
from tests.infra.cloudformation.templates import template

HERE = Path(__file__).parent
UNITS = Path("/usr/lib/systemd/system")
SYSTEMD = Path("/usr/lib/systemd/systemd")
TARGETS = ("basic", "sysinit", "multi-user", "timers", "sockets", "paths", "slices", "swap", "local-fs", "local-fs-pre",
           "network", "network-online", "shutdown", "umount", "final", "poweroff", "time-set", "time-sync")  # fmt: skip
SERVICES = ("systemd-journald.service", "systemd-journald.socket", "systemd-poweroff.service")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
BUCKET = "v3-releases"
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"
PROGRAMS = ("unshare", "nsenter", "setpriv", "flock", "pgrep", "dpkg-deb")
FOLDERS = ("local", "units", "etc/systemd/system", "etc/apparmor.d", "var/lib/dpkg/info", "var/lib/dpkg/updates")
ETC = ("passwd", "group", "login.defs", "nsswitch.conf", "ld.so.cache", "os-release")
PROBE = """
set -e
groups=$(mktemp -d); mount -t cgroup2 cgroup2 "$groups"; mkdir "$groups/codec-lab-probe-$$"
rmdir "$groups/codec-lab-probe-$$"; umount "$groups"; rmdir "$groups"
"""
SWEEP = """
groups=$(mktemp -d) && mount -t cgroup2 cgroup2 "$groups"
for try in 1 2 3 4 5; do find "$groups" -depth -path "*/$0*" -type d -exec rmdir {} + && break; sleep 0.1; done
umount "$groups" && rmdir "$groups"
"""
"""Removes what a machine that is gone left of its control group."""


def missing() -> str | None:
    """Why no machine can be started here; None where one can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "it needs root on Linux"
    if not SYSTEMD.exists() or not Path("/usr/bin/python3").exists():
        return f"{SYSTEMD} or /usr/bin/python3 is not there"
    if lacks := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"{', '.join(lacks)} is not installed"
    command = ["unshare", "--pid", "--fork", "--mount", "--uts", "--ipc", "--net", "bash", "-c", PROBE]
    done = subprocess.run(command, capture_output=True, text=True)
    return f"no namespaces or control groups may be made: {done.stderr.strip()[-200:]}" if done.returncode else None


class Machine:
    """`run` is what SSM does; `aws` the folder that the stand-in for the AWS CLI reads."""

    def __init__(self, disk: Path, role: str) -> None:
        self.disk, self.role, self.port = disk, role, PORTS[role]
        self.aws = disk / "srv" / "aws"
        self.unit = f"codec-lab-{role}.service"
        self.process: subprocess.Popen | None = None
        self.first = 0
        self.prepare()

    def prepare(self) -> None:
        self.disk.chmod(0o755)
        for name in FOLDERS:
            (self.disk / name).mkdir(parents=True)
        (self.disk / "var/lib/dpkg/status").touch()
        for name in (f"parameters/v3/{self.role}", "parameters/v3/agent"):
            (self.aws / name).mkdir(parents=True)
        for name in (f"wheels/{self.role}", self.role):
            (self.aws / BUCKET / name).mkdir(parents=True)
        self.parameter(f"{self.role}/settings", "CODEC_LAB_TEST=1")
        self.parameter("agent/token", "token")
        for name in ETC:
            if Path("/etc", name).exists():
                shutil.copy(Path("/etc", name), self.disk / "etc" / name)
        (self.disk / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        for name in [*(f"{t}.target" for t in TARGETS), *SERVICES]:
            shutil.copy(UNITS / name, self.disk / "units" / name)
        for wanted, by in (("systemd-journald.socket", "sockets"), ("systemd-journald.service", "sysinit")):
            folder = self.disk / "units" / f"{by}.target.wants"
            folder.mkdir()
            (folder / wanted).symlink_to(f"../{wanted}")
        shutil.copy(HERE / "aws.sh", self.disk / "local" / "aws")
        for name in ("curl", "dnf", "apparmor_parser"):
            (self.disk / "local" / name).write_text("#!/bin/bash\n")
            (self.disk / "local" / name).chmod(0o755)

    def parameter(self, name: str, value: str) -> None:
        (self.aws / "parameters/v3" / name).write_text(value)

    def name(self, release: str) -> None:
        """What the deployment does once a release was seen running."""
        self.parameter(f"{self.role}/release", release)

    def user_data(self) -> str:
        """The script of the template as EC2 gets it, with its few parameters filled in."""
        resource = template("compute")["Resources"][f"{self.role.capitalize()}Template"]
        script = resource["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
        values = {"Project": "v3", "AWS::Region": "us-east-1", "ReleasesBucket": BUCKET}
        values[f"{self.role.capitalize()}Signal"] = "http://signal"
        for parameter, value in values.items():
            script = script.replace(f"${{{parameter}}}", value)
        assert "${" not in script
        return script

    def start(self) -> None:
        """Until systemd takes commands; what it starts at boot may still be starting. The machine dies with the tests."""
        command = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", str(HERE / "machine.sh"), str(self.disk)]
        log = (self.disk / "machine.log").open("ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + 40
        while time.monotonic() < until and self.process.poll() is None:
            self.first = self.first_process()
            if self.first and self.run("systemctl", "show", "--property=Version").returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"systemd did not start: {(self.disk / 'machine.log').read_text()[-2000:]}")

    def first_process(self) -> int:
        """Its number on this system; 0 while it is not systemd yet."""
        with suppress(OSError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return next((int(c) for c in children if Path(f"/proc/{c}/comm").read_text() == "systemd\n"), 0)
        return 0

    def first_boot(self) -> None:
        """With what cloud-init runs once."""
        self.start()
        done = self.run("bash", "-c", self.user_data())
        assert done.returncode == 0, done.stderr

    def patience(self, seconds: int) -> None:
        """How long a release may take to answer from now on; without this, what healthy.py says."""
        with (self.disk / "etc/codec-lab/box.env").open("a") as file:
            file.write(f"HEALTHY_SECONDS={seconds}\n")

    def stop(self) -> None:
        """As idle.py and EC2 do."""
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.run("systemctl", "poweroff", timeout=10)
                self.process.wait(timeout=15)
            self.kill()

    def kill(self) -> None:
        """As a machine whose power fails."""
        if self.process:
            group = f"codec-lab-machine-{self.process.pid}"
            self.process.kill()
            self.process.wait()
            self.process = None
            subprocess.run(["unshare", "--mount", "bash", "-c", SWEEP, group], capture_output=True)

    def reboot(self) -> None:
        self.stop()
        self.start()

    def command(self, *words: str) -> list[str]:
        spaces = "--mount --uts --ipc --net --pid --cgroup --root --wd"
        return ["nsenter", f"--target={self.first}", *spaces.split(), "env", "-i", f"PATH={PATH}", *words]

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )

    def deploy(self, release: str) -> subprocess.CompletedProcess[str]:
        """The command that `./lab deploy` sends through SSM."""
        return self.run("/usr/local/sbin/codec-lab-boot", release)

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", f"--unit={unit}", "--output=cat").stdout

    def booted(self, timeout: float = 40) -> str:
        """The result of the boot's unit, once it has ended."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            sub = self.show("codec-lab-boot.service", "SubState")
            jobs = self.run("systemctl", "list-jobs", "--no-legend").stdout
            if sub in ("dead", "failed", "auto-restart") and not jobs:
                return sub
            time.sleep(0.1)
        raise AssertionError(f"The boot's unit is {sub}, and these jobs wait:\n{jobs}")

    def health(self) -> dict[str, object]:
        done = self.run("python3", "-c", ASK, f"http://127.0.0.1:{self.port}/health")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def wait_for(self, build: str, timeout: float = 30) -> None:
        """Until the program answers with this build."""
        until = time.monotonic() + timeout
        while self.health().get("build") != build:
            assert time.monotonic() < until, self.journal(self.unit)
            time.sleep(0.1)

    def linked(self, name: str = "current") -> str:
        return (self.disk / "opt/codec-lab" / name).readlink().name

    def names(self, folder: str) -> set[str]:
        return {path.name for path in (self.disk / "opt/codec-lab" / folder).iterdir()}

    def wheelhouse(self, mark: str) -> str:
        """Its name, once it is in the bucket; another mark is another wheelhouse."""
        return archives.wheelhouse(self.aws / BUCKET, self.role, mark)

    def release(self, build: str, wheelhouse: str, answers: bool = True, changes: dict[str, str] | None = None) -> str:
        """Its name, once it is in the bucket. `changes`: files that are others than this checkout's."""
        return archives.release(self.aws / BUCKET, self.role, build, wheelhouse, answers, changes)
