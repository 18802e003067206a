"""The same jail under an ordinary user, where the tests run as root: a user namespace instead of a user of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .conftest import CANARY_HOME

pytestmark = pytest.mark.jail

ROOT = Path(__file__).parents[3]
NEEDED = sorted({ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})
# Through a shell: setpriv itself still has root's rights when it looks up what it starts.
NOBODY = 'exec setpriv --reuid=65534 --regid=65534 --clear-groups /bin/sh -c \'exec "$0" "$@"\' "$@"'
SUBSET = "change_source or memory_files or stop_itself or channels or connect or read_environment or system_calls"
READING = "sees or others_may_not_read or crash or hangs or memory"


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users may not enter."""
    return next((p for p in reversed([path, *path.parents]) if not p.stat().st_mode & 0o001), None)


def opened(paths: list[Path], hold: str) -> str:
    """Shell lines that let another user reach `paths` in a mount namespace of their own: closed folders are covered
    by open ones in which only these paths are mounted again."""
    closed = {p: folder for p in paths if (folder := closed_folder(p)) is not None}
    lines = ["set -e", f"hold={hold}", "mkdir $hold"]
    for number, path in enumerate(closed):
        lines += [f"mkdir $hold/{number}", f"mount --bind {shlex.quote(str(path))} $hold/{number}"]
    lines += [
        f"mount -t tmpfs -o mode=0755 tmpfs {shlex.quote(str(folder))}" for folder in sorted(set(closed.values()))
    ]
    for number, path in enumerate(closed):
        lines += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind $hold/{number} {shlex.quote(str(path))}"]
    # The canaries of the tests around this one belong to root; those inside plant their own.
    lines += [f"if [ -d {CANARY_HOME} ]; then mount -t tmpfs -o mode=1777 tmpfs {CANARY_HOME}; fi"]
    return "\n".join([*lines, NOBODY])


@pytest.mark.skipif(os.geteuid() != 0, reason="the tests run as an ordinary user already")
@pytest.mark.parametrize(("file", "subset"), [("test_attacks", SUBSET), ("test_reading", READING)])
def test_a_subset_as_an_ordinary_user(file, subset):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        os.chown(folder, 65534, 65534)
        inner = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-k", subset]
        inner += [f"--basetemp={folder}/t", f"tests/gpu_agent/jail/{file}.py"]
        command = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "/bin/sh",
            "-c",
            opened(NEEDED, f"{folder}/hold"),
            "sh",
            *inner,
        ]
        env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder, "TMPDIR": folder}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout
