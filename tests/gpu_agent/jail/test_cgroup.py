"""The delegated cgroup on a tree of plain files: which files are written, and when it is refused."""

import os

import pytest

from gpu_agent.jail import cgroup
from gpu_agent.jail.cgroup import LEAF, Group, delegated, own_cgroup
from gpu_agent.jail.policy import MIB, Policy
from gpu_agent.models import Limits


@pytest.fixture
def base(tmp_path):
    for name, text in (
        ("cgroup.procs", ""), ("cgroup.kill", ""), ("cgroup.subtree_control", ""), ("cgroup.controllers", "cpu memory pids\n"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
    return tmp_path


def test_own_cgroup_is_found_in_the_unified_hierarchy(tmp_path):
    (tmp_path / "cgroup").write_text("9:name=systemd:/\n0::/user.slice/lab.scope\n")
    (tmp_path / "mountinfo").write_text(
        "25 20 0:22 / /proc rw - proc proc rw\n30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
    )
    assert str(own_cgroup(tmp_path)) == "/sys/fs/cgroup/user.slice/lab.scope"
    (tmp_path / "mountinfo").write_text("25 20 0:22 / /proc rw - proc proc rw\n")
    assert own_cgroup(tmp_path) is None


def test_the_agent_moves_into_a_leaf_and_hands_the_controllers_down(base):
    found, reason = delegated(base, pid=4711)
    assert found == base
    assert "cgroup of their own" in reason
    assert (base / LEAF / "cgroup.procs").read_text() == "4711"
    assert (base / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_an_agent_in_its_leaf_already_uses_the_folder_above(base):
    (base / LEAF).mkdir()
    assert delegated(base / LEAF)[0] == base


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda b: (b / "cgroup.kill").unlink(), "root of the hierarchy"),
        (lambda b: (b / "cgroup.controllers").write_text("cpu pids"), "lacks the memory controller"),
        (
            lambda b: ((b / "cgroup.subtree_control").unlink(), (b / "cgroup.subtree_control").mkdir()),
            "other processes",
        ),
    ],
)
def test_without_delegation_there_is_a_reason(base, spoil, reason):
    spoil(base)
    found, why = delegated(base, pid=4711)
    assert found is None
    assert reason in why


def test_without_a_hierarchy_there_is_a_reason():
    assert delegated(None) == (None, "this machine has no unified cgroup hierarchy (cgroup v2)")


def test_limits_are_written_and_figures_read(tmp_path):
    group = Group(tmp_path)
    for name in ("memory.max", "pids.max", "memory.oom.group", "cgroup.kill"):
        (tmp_path / name).write_text("")
    group.limit(Policy.of(Limits(memory_mb=100, processes=20)))
    assert (tmp_path / "memory.max").read_text() == str(100 * MIB)
    assert (tmp_path / "pids.max").read_text() == "28"
    assert (tmp_path / "memory.oom.group").read_text() == "1"
    assert not (tmp_path / "memory.swap.max").exists()
    assert (group.out_of_memory, group.peak_bytes, group.cpu_seconds) == (False, None, 0.0)
    (tmp_path / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    (tmp_path / "memory.peak").write_text("12345\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert (group.out_of_memory, group.peak_bytes, group.cpu_seconds) == (True, 12345, 1.5)
    group.kill()
    assert (tmp_path / "cgroup.kill").read_text() == "1"


def test_a_group_that_would_not_go_is_told(tmp_path):
    (tmp_path / "cgroup.procs").write_text("1\n")
    assert Group(tmp_path).close(patience=0) is False
    (tmp_path / "cgroup.procs").unlink()
    assert Group(tmp_path).close(patience=0) is True
    assert Group(tmp_path).close(patience=0) is True


def test_runs_of_a_dead_agent_are_swept_and_others_kept(base):
    dead, live = base / f"{cgroup.PREFIX}999999999-0", base / f"{cgroup.PREFIX}{os.getppid()}-0"
    dead.mkdir()
    live.mkdir()
    cgroup.sweep(base)
    assert not dead.exists()
    assert live.exists()
