"""Watching a run's process tree from outside: memory, processor time, files in tmp, and the host's free memory.

One thread per run, apart from the one that moves the data, so that a slow sink never suspends the limits. At level
`full` the kernel's cgroup bounds memory and processes as well, without the gap between two looks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .policy import MIB, Policy

INTERVAL_SECONDS = 0.05
CLOSE_INTERVAL_SECONDS = 0.01
"""Between samples once more than half of the allowed memory is in use: what a burst can take before the next look."""

INODE_BYTES = 1 << 10
"""Kernel memory behind a file in a tmpfs, at the least."""
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int, most: int = 8192) -> list[int]:
    """The process and all its descendants (in a pid namespace orphans fall back to its init, so none is missed)."""
    found, todo = [], [pid]
    while todo and len(found) < most:
        parent = todo.pop()
        found.append(parent)
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as f:
                    todo += map(int, f.read().split())
        except OSError:
            continue
    return found


def kilobytes(path: str, names: tuple[str, ...]) -> int:
    """Sum of the named lines of a /proc file in bytes; 0 where it is gone."""
    total = 0
    try:
        with open(path) as f:
            for line in f:
                name, _, value = line.partition(":")
                if name in names:
                    total += int(value.split()[0]) << 10
    except (OSError, ValueError, IndexError):
        return total
    return total


def tmpfs_bytes(init: int) -> tuple[int, int]:
    """Bytes and files held in the jail's own tmpfs mounts."""
    size = files = 0
    for folder in ("tmp", "dev/shm"):
        try:
            facts = os.statvfs(f"/proc/{init}/root/{folder}")
        except OSError:
            continue
        size += (facts.f_blocks - facts.f_bfree) * facts.f_frsize
        files += facts.f_files - facts.f_ffree
    return size, files


def memfd_bytes(pids: list[int]) -> int:
    """Pages of anonymous files held open: they are in no process's resident set unless mapped."""
    seen: dict[int, int] = {}
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for name in names:
            path = f"/proc/{pid}/fd/{name}"
            try:
                if os.readlink(path).startswith("/memfd:"):
                    facts = os.stat(path)
                    seen[facts.st_ino] = facts.st_blocks * 512
            except OSError:
                continue
    return sum(seen.values())


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes and of the children they have waited for."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as f:
                ticks += sum(map(int, f.read().rpartition(b")")[2].split()[11:15]))
        except (OSError, ValueError):
            continue
    return ticks / TICKS


def memory_bytes(pids: list[int], init: int, limit: int) -> int:
    """Memory the jail holds. A cheap upper bound; shared pages are counted once only where the bound passes `limit`."""
    rest, files = tmpfs_bytes(init)
    rest += files * INODE_BYTES + memfd_bytes(pids)
    names = ("RssAnon", "RssShmem", "HugetlbPages", "VmPTE")
    bound = sum(kilobytes(f"/proc/{pid}/status", names) for pid in pids)
    if bound + rest > limit:
        names = ("Pss_Anon", "Pss_Shmem", "Shared_Hugetlb", "Private_Hugetlb")
        bound = sum(
            kilobytes(f"/proc/{pid}/smaps_rollup", names) + kilobytes(f"/proc/{pid}/status", ("VmPTE",)) for pid in pids
        )
    return bound + rest


def host_available() -> int:
    return kilobytes("/proc/meminfo", ("MemAvailable",))


@dataclass
class Clock:
    """The run's times on the agent's clock; written by the supervising thread, read by the watchdog."""

    started: float
    went: float | None = None
    ready: float | None = None
    ended: float | None = None
    sink: float = 0.0
    sink_since: float | None = None
    heard: float | None = None

    def sink_seconds(self, now: float) -> float:
        since = self.sink_since
        return self.sink + (now - since if since is not None else 0.0)


@dataclass
class Watchdog:
    """Calls `kill(reason, detail)` once, when a bound is passed. `peak` and `cpu` are what was seen so far."""

    policy: Policy
    clock: Clock
    kill: Callable[[str, str], None]
    init_pid: Callable[[], int | None]
    cancel: threading.Event | None = None
    cpu_by_kernel: Callable[[], float | None] = lambda: None
    peak: int = 0
    cpu: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="jail-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(
            CLOSE_INTERVAL_SECONDS if self.peak * 2 > self.policy.memory_bytes else INTERVAL_SECONDS
        ):
            verdict = self.look(time.monotonic())
            if verdict is not None:
                self.kill(*verdict)
                return

    def look(self, now: float) -> tuple[str, str] | None:
        """One sample: the reason to end the run, with its sentence, or None."""
        policy, clock = self.policy, self.clock
        if self.cancel is not None and self.cancel.is_set():
            return "cancelled", "Cancelled."
        if clock.ready is None and now - clock.started > policy.start_seconds:
            return "timeout_start", f"Importing the codec took longer than {policy.start_seconds:g} s."
        # Until all has ended, not just the output; time spent in the caller's sink is not the codec's.
        if clock.ready is not None and clock.sink_seconds(now) > policy.sink_seconds:
            return "timeout", f"The agent took longer than {policy.sink_seconds:g} s to store what came of it."
        if clock.ready is not None and now - clock.ready - clock.sink_seconds(now) > policy.wall_seconds:
            return "timeout", f"It took longer than {policy.wall_seconds:g} s."
        heard = clock.ready if clock.heard is None else clock.heard
        silent, waited_for = policy.silent_seconds, clock.ready is not None and clock.sink_since is None
        if silent is not None and waited_for and now - heard > silent:
            return "timeout", f"Nothing came of it for {silent:g} s."
        # Before GO the init may still have the host's root, and nothing of the codec runs yet.
        init = self.init_pid() if clock.went is not None else None
        return None if init is None else self._look_at(init)

    def _look_at(self, init: int) -> tuple[str, str] | None:
        policy, pids = self.policy, tree(init)
        by_kernel = self.cpu_by_kernel()
        self.cpu = max(self.cpu, cpu_seconds(pids) if by_kernel is None else by_kernel)
        if policy.cpu_seconds is not None and self.cpu > policy.cpu_seconds:
            return "cpu_timeout", f"It used more than {policy.cpu_seconds:g} s of processor time."
        _, files = tmpfs_bytes(init)
        if files > policy.tmp_files:
            return "memory", f"It made more than {policy.tmp_files:,} files in /tmp."
        used = memory_bytes(pids, init, policy.memory_bytes)
        self.peak = max(self.peak, used)
        if used > policy.memory_bytes:
            return "memory", f"It used more than {policy.memory_bytes // MIB:,} MB of memory."
        if host_available() < policy.host_floor_bytes:
            return "memory", "The machine ran out of free memory during this run, so the run was ended."
        return None
