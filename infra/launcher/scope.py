"""A control group of the agent's own, where systemd gives one: the jail's strongest level needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def delegated_scope() -> list[str]:
    """What to put before the agent's command so that it runs in a delegated scope; empty where there is none.

    Tried for real, because a session's manager may be there and still refuse. `systemd-run --scope` becomes the
    program it starts, so the process id and the guard's hold on it stay.
    """
    program = shutil.which("systemd-run")
    if program is None:
        return []
    if os.geteuid() == 0:
        manager, there = [], Path("/run/systemd/system").is_dir()
    else:
        manager, there = ["--user"], Path(f"/run/user/{os.geteuid()}/systemd/private").exists()
    if not there:
        return []
    prefix = [program, *manager, "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--"]
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, stdin=subprocess.DEVNULL, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return prefix if tried.returncode == 0 else []
