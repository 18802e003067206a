"""The same jail under an ordinary user, where the tests run as root: a user namespace instead of a user of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.jail

ROOT = Path(__file__).parents[3]
# Through a shell: setpriv itself still has root's rights when it looks up what it starts.
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", 'exec "$0" "$@"']
SUBSET = "change_source or memory_files or stop_itself or channels or connect or read_environment or system_calls"


@pytest.mark.skipif(os.geteuid() != 0, reason="the tests run as an ordinary user already")
def test_a_subset_as_an_ordinary_user():
    try_it = [*NOBODY, sys.executable, "-c", "import numpy, pydantic, pytest; import gpu_agent.jail"]
    if subprocess.run(try_it, cwd=ROOT, env={}, capture_output=True).returncode != 0:
        pytest.skip(
            "another user cannot read this Python or this checkout, so the jail was not run as an ordinary user"
        )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        os.chown(folder, 65534, 65534)
        command = [*NOBODY, sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-k", SUBSET]
        command += [f"--basetemp={folder}/t", "tests/gpu_agent/jail/test_attacks.py"]
        env = {"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout
