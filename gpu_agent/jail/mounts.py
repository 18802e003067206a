"""What the jail can see, as bubblewrap's arguments: a read-only system, a private sized tmp, and no environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..codec_kit.warm import PREPARED
from . import visible
from .bubblewrap import Bubblewrap, Unavailable
from .policy import Policy

CODE = "/codec/codec.py"
LAB = "/lab"
CHILD = f"{LAB}/child.py"
KIT = f"{LAB}/codec_kit"
SOURCES = "/source"
SOURCE = f"{SOURCES}/planes"
SETPRIV = "/usr/bin/setpriv"
PACKAGE = Path(__file__).parent

COUNTERS = (
    "buddyinfo", "cmdline", "consoles", "diskstats", "interrupts", "key-users", "keys", "latency_stats", "loadavg",
    "locks", "pagetypeinfo", "pressure", "sched_debug", "schedstat", "slabinfo", "softirqs", "stat", "swaps", "sys",
    "timer_list", "uptime", "vmallocinfo", "vmstat", "zoneinfo",
)  # fmt: skip
"""Kernel-wide state under /proc: counters that encode could turn and decode could read, and the machine's own facts."""

SYS_HIDDEN = ("/sys/class/dmi", "/sys/devices/virtual/dmi", "/sys/fs", "/sys/firmware", "/sys/kernel")
NVIDIA = ("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps")


@dataclass(frozen=True)
class Python:
    """The interpreter that runs the child, and the files that it needs (real path, path in the jail).

    `hidden`: package folders inside them that a virtual environment does not see either.
    """

    executable: str
    files: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...] = ()

    @classmethod
    def of(cls, executable: Path | None = None, libraries: tuple[str, ...] = visible.LIBRARIES) -> Python:
        """`executable`: python of a virtual environment; None takes the agent's own. Raises Unavailable."""
        if executable is None:
            name, prefix, base = sys.executable, sys.prefix, sys.base_prefix
        else:
            name = str(Path(executable).absolute())
            ask = "import sys; print(sys.prefix); print(sys.base_prefix)"
            try:
                said = subprocess.run([name, "-I", "-c", ask], capture_output=True, text=True, env={}, timeout=30)
                prefix, base = said.stdout.splitlines()
            except (OSError, ValueError, subprocess.SubprocessError) as e:
                raise Unavailable(f"{name} does not run as a Python interpreter: {e}") from None
        files = tuple(visible.python_files(name, prefix, base, libraries))
        return cls(name, files, hidden_packages(prefix, [named for _, named in files]))

    @property
    def roots(self) -> set[str]:
        """First parts of the paths that appear in the jail."""
        return {named.split("/")[1] for _, named in self.files}


@dataclass(frozen=True)
class View:
    """What the code of one run sees beside the system: its Python with libraries, files of the lab's own (real path,
    path in the jail), the GPU, and under which path its source."""

    python: Python
    files: tuple[tuple[Path, str], ...]
    gpu: bool = False
    source: str = SOURCE


def codec_view(python: Python, gpu: bool, compiled: Path | None) -> View:
    """What every codec sees. `compiled`: the kit's compiled functions."""
    files = ((PACKAGE.parent / "codec_kit", KIT),)
    return View(python, files if compiled is None else (*files, (compiled, PREPARED)), gpu)


def hidden_packages(prefix: str, paths: list[str]) -> tuple[str, ...]:
    """Package folders of the interpreter below a virtual environment that does not include them."""
    try:
        words = (Path(prefix) / "pyvenv.cfg").read_text().lower().replace(" ", "")
    except OSError:
        return ()
    if "include-system-site-packages=true" in words:
        return ()
    found = [Path(path) / "site-packages" for path in paths if re.search(r"/lib/python3[.\d]*$", path)]
    return tuple(str(path) for path in found if path.is_dir())


def environment(policy: Policy, gpu: bool) -> dict[str, str]:
    """All that a codec finds in its environment."""
    threads = str(policy.threads)
    fixed = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "USER": "codec",
        "LOGNAME": "codec",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "NUMBA_NUM_THREADS": threads,
        "NUMBA_CACHE_DIR": "/tmp/.numba",
        "XDG_CACHE_HOME": "/tmp/.cache",
        "CUDA_CACHE_PATH": "/tmp/.nv",
    }
    return fixed if gpu else fixed | {"CUDA_VISIBLE_DEVICES": ""}


def parents(path: str) -> list[str]:
    """Arguments that make the folders above `path`: bubblewrap's own implicit ones are closed to another user."""
    made = [str(p) for p in reversed(Path(path).parents) if str(p) not in ("/", "/tmp")]
    return [word for p in made for word in ("--perms", "0755", "--dir", p)]


def system(slot_uid: int | None) -> list[str]:
    """Shared libraries, and of the programs only the one that leaves root."""
    args = []
    for folder in visible.system_folders():
        args += [*parents(folder), "--ro-bind", folder, folder]
    if slot_uid is not None:
        args += [*parents(SETPRIV), "--ro-bind", SETPRIV, SETPRIV]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        if os.path.islink(f"/{name}"):
            args += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif os.path.isdir(f"/{name}") and name.startswith("lib"):
            args += ["--ro-bind", f"/{name}", f"/{name}"]
    for name in ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"):
        args += ["--ro-bind-try", name, name]
    return args


def kernel_views(gpu: bool) -> list[str]:
    """/proc without kernel-wide counters, a minimal /dev, and of /sys only what tells the number of processors."""
    args = ["--proc", "/proc", "--dev", "/dev"]
    for name in COUNTERS:
        path = f"/proc/{name}"
        if os.path.isdir(path):
            args += ["--tmpfs", path, "--remount-ro", path]
        elif os.path.exists(path):
            args += ["--ro-bind", "/dev/null", path]  # a device on a mount without devices: opening it is refused
    if gpu:
        for name in NVIDIA:
            args += ["--dev-bind-try", f"/dev/{name}", f"/dev/{name}"]
        args += ["--ro-bind", "/sys", "/sys"]
        for path in SYS_HIDDEN:
            if os.path.isdir(path) and not os.path.islink(path):
                args += ["--tmpfs", path, "--remount-ro", path]
        return args
    for name in ("online", "possible", "present"):
        path = f"/sys/devices/system/cpu/{name}"
        args += [*parents(path), "--ro-bind-try", path, path]
    return args


def arguments(
    *,
    bubblewrap: Bubblewrap,
    view: View,
    policy: Policy,
    slot_uid: int | None,
    source: tuple[Path, str] | None,
    code_fd: int,
    passwd_fd: int,
    seccomp_fd: int,
    info_fd: int,
) -> list[str]:
    """bubblewrap's arguments up to the command. `source`: what is shown, and where. `slot_uid`: the agent is root and the
    codec runs as this user.

    With `slot_uid` no user namespace is made: the mounts are made by root, and setpriv then leaves root for good
    (three capabilities are kept for that step alone). Otherwise a user namespace maps the agent's user to uid 1000.
    """
    args = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if slot_uid is not None:
        args += ["--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            args += ["--cap-add", capability]
    else:
        args += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
        if bubblewrap.disable_userns:
            args += ["--disable-userns"]
    args += ["--die-with-parent", "--new-session", "--hostname", "codec", "--clearenv"]
    for name, value in environment(policy, view.gpu).items():
        args += ["--setenv", name, value]
    args += system(slot_uid)
    args += ["--perms", "1777", "--size", str(policy.tmp_bytes), "--tmpfs", "/tmp"]
    for real, path in view.python.files:
        args += [*parents(path), "--ro-bind", real, path]
    for folder in view.python.hidden:
        args += ["--perms", "0555", "--tmpfs", folder, "--remount-ro", folder]
    args += [*parents(CODE), "--perms", "0444", "--ro-bind-data", str(code_fd), CODE]
    args += [*parents(CHILD), "--ro-bind", str(PACKAGE / "child.py"), CHILD]
    for real, path in view.files:
        args += [*parents(path), "--ro-bind", str(real), path]
    if source is not None:
        real, path = source
        args += [*parents(path), "--ro-bind", str(real), path]
    args += kernel_views(view.gpu)
    args += ["--perms", "0444", "--ro-bind-data", str(passwd_fd), "/etc/passwd"]
    args += ["--perms", "1777", "--size", str(policy.tmp_bytes), "--tmpfs", "/dev/shm"]
    args += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    return [*args, "--info-fd", str(info_fd), "--seccomp", str(seccomp_fd)]
