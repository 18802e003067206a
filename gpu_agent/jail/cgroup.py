"""Level `full`: each run in its own cgroup (v2) under a folder that was delegated to the agent.

Delegated means: the agent's own cgroup is writable and carries the memory and pids controllers (systemd: `Delegate=`
on the unit, or `systemd-run --user --scope -p Delegate=yes`). The kernel lets no cgroup hold processes and give
controllers to children at once (cgroup-v2.rst, "No Internal Process Constraint"), so the agent moves into a child.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

from .policy import Policy

LEAF = "codec-lab-agent"
PREFIX = "codec-lab-run-"
CONTROLLERS = ("memory", "pids")
_serial = itertools.count()


def own_cgroup(proc: Path = Path("/proc/self")) -> Path | None:
    """Folder of this process in the unified hierarchy, or None where there is none."""
    try:
        inside = next(line[3:] for line in (proc / "cgroup").read_text().splitlines() if line.startswith("0::"))
        for line in (proc / "mountinfo").read_text().splitlines():
            fields, _, kind = line.partition(" - ")
            if kind.startswith("cgroup2 "):
                root, mount = fields.split()[3:5]
                inside = inside.removeprefix(root) if root != "/" else inside
                return Path(mount + inside.rstrip("/"))
    except (OSError, StopIteration, ValueError):
        return None
    return None


def delegated(own: Path | None, pid: int | None = None) -> tuple[Path | None, str]:
    """The folder to make runs in, prepared, or None with the reason. Moves only this process, never another."""
    if own is None:
        return None, "this machine has no unified cgroup hierarchy (cgroup v2)"
    base = own.parent if own.name == LEAF else own
    if not (base / "cgroup.procs").exists() or not (base / "cgroup.kill").exists():
        return None, f"no cgroup is delegated: {base} is the root of the hierarchy, or the kernel is older than 5.14"
    if not os.access(base, os.W_OK) or not os.access(base / "cgroup.subtree_control", os.W_OK):
        return None, f"no cgroup is delegated: {base} belongs to another user"
    try:
        missing = set(CONTROLLERS) - set((base / "cgroup.controllers").read_text().split())
        if missing:
            return None, f"{base} lacks the {' and '.join(sorted(missing))} controller"
        if own.name != LEAF:
            (base / LEAF).mkdir(exist_ok=True)
            (base / LEAF / "cgroup.procs").write_text(str(pid or os.getpid()))
        (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
    except OSError as e:
        if own.name != LEAF:
            with contextlib.suppress(OSError):
                (base / "cgroup.procs").write_text(str(pid or os.getpid()))
                (base / LEAF).rmdir()
        return None, f"{base} holds other processes than the agent ({e.strerror})"
    sweep(base)
    return base, f"runs get a cgroup of their own under {base}"


def sweep(base: Path) -> None:
    """Ends and removes runs of an agent that died: their names carry its pid."""
    for folder in base.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner != str(os.getpid()) and not Path(f"/proc/{owner}").exists():
            Group(folder).close()


class Group:
    """The cgroup of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, base: Path, policy: Policy) -> Group:
        """Raises OSError where the kernel refuses the folder or a limit."""
        group = cls(base / f"{PREFIX}{os.getpid()}-{next(_serial)}")
        group.folder.mkdir()
        try:
            group.limit(policy)
        except OSError:
            group.close()
            raise
        return group

    def limit(self, policy: Policy) -> None:
        self.write("memory.max", str(policy.memory_bytes))
        self.write("pids.max", str(policy.processes + 8))  # bubblewrap and its init are in it too
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):  # without swap accounting there is no such file
                self.write(name, value)

    def write(self, name: str, value: str) -> None:
        with open(self.folder / name, "r+") as f:
            f.write(value)

    def read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text()
        except OSError:
            return ""

    def field(self, name: str, key: str) -> int:
        for line in self.read(name).splitlines():
            word, _, value = line.partition(" ")
            if word == key:
                return int(value)
        return 0

    def command(self, command: list[str]) -> list[str]:
        """The command, joining the group before it starts."""
        return ["/bin/sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', str(self.folder), *command]

    @property
    def out_of_memory(self) -> bool:
        return self.field("memory.events", "oom_kill") > 0 or self.field("memory.events", "oom_group_kill") > 0

    @property
    def peak_bytes(self) -> int | None:
        return int(self.read("memory.peak").strip() or 0) or None

    @property
    def cpu_seconds(self) -> float:
        return self.field("cpu.stat", "usage_usec") / 1e6

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self.write("cgroup.kill", "1")

    def close(self, patience: float = 2.0) -> bool:
        """Ends what is in it and removes it; False where something would not die."""
        self.kill()
        until = time.monotonic() + patience
        while True:
            try:
                self.folder.rmdir()
                return True
            except FileNotFoundError:
                return True
            except OSError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.005)
