"""The agent's control group: used only where systemd has shown that it gives one."""

import os
from pathlib import Path

import pytest

from infra.launcher.scope import delegated_scope


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A machine with systemd and a session of user 1000; `systemd-run` is a script."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(Path, "exists", lambda self: str(self) == "/run/user/1000/systemd/private")
    monkeypatch.setattr(Path, "is_dir", lambda self: str(self) == "/run/systemd/system")

    def install(script):
        program = tmp_path / "systemd-run"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return str(program)

    return install


def test_the_sessions_manager_gives_a_scope(systemd):
    program = systemd("exit 0")
    prefix = delegated_scope()
    assert prefix[:3] == [program, "--user", "--scope"]
    assert "--property=Delegate=yes" in prefix
    assert prefix[-1] == "--"


def test_root_asks_the_systems_manager(systemd, monkeypatch):
    systemd("exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--user" not in delegated_scope()


def test_a_manager_that_refuses_means_no_scope(systemd):
    systemd("echo Failed to connect to bus >&2; exit 1")
    assert delegated_scope() == []


def test_without_a_session_nothing_is_tried(systemd, monkeypatch, tmp_path):
    systemd(f"touch {tmp_path}/tried")
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert delegated_scope() == []
    assert "tried" not in os.listdir(tmp_path)
