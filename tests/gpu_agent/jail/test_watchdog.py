import dataclasses
import mmap
import os
import threading
import time

import pytest

from gpu_agent.jail import watchdog
from gpu_agent.jail.policy import MIB, Policy
from gpu_agent.jail.watchdog import Clock, Watchdog
from gpu_agent.models import Limits

POLICY = Policy.of(Limits(start_seconds=3, wall_seconds=10, memory_mb=1 << 20))


@pytest.fixture(autouse=True)
def no_tmpfs(monkeypatch):
    """This process's own /tmp is the machine's, which others fill."""
    monkeypatch.setattr(watchdog, "tmpfs_bytes", lambda init: (0, 0))


def dog(clock: Clock, policy: Policy = POLICY, **more) -> Watchdog:
    return Watchdog(policy, clock, lambda *a: None, lambda: None, **more)


@pytest.mark.parametrize(
    ("clock", "now", "reason"),
    [
        (Clock(0.0), 2.9, None),
        (Clock(0.0), 3.1, "timeout_start"),
        (Clock(0.0, ready=1.0), 10.9, None),
        (Clock(0.0, ready=1.0), 11.1, "timeout"),
        (Clock(0.0, ready=1.0, ended=2.0), 11.1, "timeout"),
        (Clock(0.0, ready=1.0, sink=5.0), 15.9, None),
        (Clock(0.0, ready=1.0, sink=5.0), 16.1, "timeout"),
        (Clock(0.0, ready=1.0, sink_since=8.0), 67.0, None),
        (Clock(0.0, ready=1.0, sink_since=8.0), 69.0, "timeout"),
        (Clock(0.0, ready=1.0, sink=61.0), 65.0, "timeout"),
    ],
)
def test_deadlines_leave_out_the_time_spent_in_the_sink(clock, now, reason):
    found = dog(clock).look(now)
    assert (found[0] if found else None) == reason


@pytest.mark.parametrize(
    ("clock", "now", "reason"),
    [
        (Clock(0.0), 2.9, None),
        (Clock(0.0, ready=1.0), 5.9, None),
        (Clock(0.0, ready=1.0), 6.1, "timeout"),
        (Clock(0.0, ready=1.0, heard=4.0), 8.9, None),
        (Clock(0.0, ready=1.0, heard=4.0), 9.1, "timeout"),
        (Clock(0.0, ready=1.0, heard=2.0, sink_since=3.0), 10.0, None),
    ],
)
def test_silence_is_counted_from_the_last_that_came_and_not_while_the_sink_works(clock, now, reason):
    found = dog(clock, dataclasses.replace(POLICY, silent_seconds=5.0)).look(now)
    assert (found[0] if found else None) == reason


def test_cancel_comes_first():
    cancel = threading.Event()
    cancel.set()
    assert dog(Clock(0.0), cancel=cancel).look(100.0)[0] == "cancelled"


def test_memory_of_a_tree_is_seen_in_each_form():
    pids, init = [os.getpid()], os.getpid()
    before = watchdog.memory_bytes(pids, init, 1 << 60)
    # Mapped afresh: the allocator could serve this from memory that was resident before.
    anonymous = mmap.mmap(-1, 8 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    anonymous.write(b"x" * 8 * MIB)
    shared = mmap.mmap(-1, 8 * MIB)
    shared.write(b"x" * 8 * MIB)
    file = os.memfd_create("test")
    os.write(file, b"x" * 8 * MIB)
    after = watchdog.memory_bytes(pids, init, 1 << 60)
    os.close(file)
    assert after - before > 23 * MIB
    assert len(anonymous) == len(shared)


def test_a_limit_passed_names_the_figure():
    policy = Policy.of(Limits(memory_mb=64))
    watch = Watchdog(policy, Clock(0.0, went=0.0, ready=time.monotonic()), lambda *a: None, os.getpid)
    hoard = bytearray(b"x") * (80 * MIB)
    assert watch.look(time.monotonic()) == ("memory", "It used more than 64 MB of memory.")
    assert watch.peak > len(hoard)


def test_files_in_tmp_are_counted(monkeypatch):
    monkeypatch.setattr(watchdog, "tmpfs_bytes", lambda init: (0, POLICY.tmp_files + 1))
    watch = Watchdog(POLICY, Clock(0.0, went=0.0, ready=time.monotonic()), lambda *a: None, os.getpid)
    assert watch.look(time.monotonic()) == ("memory", "It made more than 65,536 files in /tmp.")


def test_nothing_is_sampled_before_the_code_may_start(monkeypatch):
    """Until then the jail's init may still see the host's own /tmp, whose files are not the run's."""
    monkeypatch.setattr(watchdog, "tmpfs_bytes", lambda init: (1 << 60, 1 << 30))
    assert Watchdog(POLICY, Clock(0.0), lambda *a: None, os.getpid).look(1.0) is None


def test_host_floor_ends_a_run(monkeypatch):
    monkeypatch.setattr(watchdog, "host_available", lambda: POLICY.host_floor_bytes - 1)
    watch = Watchdog(POLICY, Clock(0.0, went=0.0, ready=time.monotonic()), lambda *a: None, os.getpid)
    assert watch.look(time.monotonic())[0] == "memory"


def test_a_dead_tree_is_empty():
    assert watchdog.cpu_seconds([999_999_999]) == 0
    assert watchdog.memfd_bytes([999_999_999]) == 0
    assert watchdog.tree(999_999_999) == [999_999_999]
