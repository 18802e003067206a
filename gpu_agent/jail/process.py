"""One bubblewrap process: started, held by a pidfd of its init, killed as a whole, reaped.

Findings this rests on:
- `--clearenv` leaves the agent's environment readable in /proc/1/environ, so bubblewrap itself gets an empty one.
- Killing bubblewrap before its init has armed its parent-death signal leaves the code running, so the child waits for
  a GO byte, which is sent only once a pidfd of the init is held.
- The parent-death signal is sent when the *thread* that forked ends, so one thread that lives as long as the agent
  forks them all.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import select
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

PIPE_BYTES = 1 << 20
SETTLE_SECONDS = 5.0
HOLD_SECONDS = 2.0
PR_SET_CHILD_SUBREAPER = 36

_spawner = ThreadPoolExecutor(1, thread_name_prefix="jail-spawner")


def become_subreaper() -> None:
    """Orphaned inits come to this process to be reaped; pid 1 of a container may never do it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def memory_file(name: str, content: bytes) -> int:
    """An anonymous file for bubblewrap to read: nothing on disk that could be left behind."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def pipe() -> tuple[int, int]:
    read, write = os.pipe2(os.O_CLOEXEC)
    with contextlib.suppress(OSError):  # beyond the user's allowance pipes stay small; only slower
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return read, write


def parent_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return int(f.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError):
        return None


class JailProcess:
    """`kill` may be called from any thread, `read_info`, `go`, `close` from the supervising one only.

    `inputs`, `output`, `status`, `log`, `info` are the agent's ends of the pipes, non-blocking; None once closed.
    """

    def __init__(self) -> None:
        self.inputs, self.output, self.status, self.log, self.info = (None,) * 5
        self.init_pid: int | None = None
        self.killed: tuple[str, str] | None = None
        self.kill_group = lambda: None
        self.outer_fd: int | None = None
        self._outer: subprocess.Popen | None = None
        self._init_fd: int | None = None
        self._info = b""
        self._lock = threading.RLock()
        self._theirs: list[int] = []

    def open_pipes(self) -> tuple[int, int, int, int]:
        """Makes all pipes; answers the child's ends of input, output, status, and bubblewrap's info."""
        input_read, self.inputs = pipe()
        self.output, output_write = pipe()
        self.status, status_write = pipe()
        self.log, self._log_write = pipe()
        self.info, info_write = pipe()
        self._theirs = [input_read, output_write, status_write, self._log_write, info_write]
        for fd in (self.inputs, self.output, self.status, self.log, self.info):
            os.set_blocking(fd, False)
        return input_read, output_write, status_write, info_write

    def spawn(self, command: list[str], pass_fds: list[int]) -> None:
        """Starts the command with an empty environment, its two output streams on the log. Raises OSError."""

        def start() -> subprocess.Popen:
            return subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=self._log_write,
                stderr=self._log_write,
                close_fds=True,
                pass_fds=[*pass_fds, *(fd for fd in self._theirs if fd != self._log_write)],
            )

        self._outer = _spawner.submit(start).result()
        self.outer_fd = os.pidfd_open(self._outer.pid)
        self.close_theirs()

    def hold_outer(self) -> None:
        """What was started is itself what is held: there is no bubblewrap around it, and so no init inside."""
        with self._lock:
            self.init_pid, self._init_fd = self._outer.pid, os.dup(self.outer_fd)

    def close_theirs(self) -> None:
        for fd in self._theirs:
            os.close(fd)
        self._theirs = []

    def read_info(self) -> bool:
        """Takes what bubblewrap tells about itself; once it names its init, holds that by a pidfd. False at the end."""
        try:
            data = os.read(self.info, 65536)
        except BlockingIOError:
            return True
        self._info = (self._info + data)[-65536:]
        found = re.search(rb'"child-pid":\s*(\d+)', self._info) if b"}" in self._info else None
        if found and self.init_pid is None:
            pid = int(found[1])
            with contextlib.suppress(OSError), self._lock:
                fd = os.pidfd_open(pid)
                if parent_of(pid) == self._outer.pid:
                    self.init_pid, self._init_fd = pid, fd
                else:
                    os.close(fd)
        return bool(data)

    def go(self) -> bool:
        """Lets the code start, if the jail is held and nobody has ended it."""
        with self._lock:
            if self.killed or self._init_fd is None:
                return False
            return os.write(self.inputs, b"G") == 1

    def kill(self, reason: str, detail: str) -> None:
        """End all processes of the run at once. The first reason stays."""
        with self._lock:
            self.killed = self.killed or (reason, detail)
            if self._init_fd is not None:
                self._signal()

    def kill_unheld(self) -> None:
        """For a run that was ended before its init was held: hold it first, for a short while, then end it."""
        until = time.monotonic() + HOLD_SECONDS
        while self._init_fd is None and self.info is not None and time.monotonic() < until and not self.exited():
            if select.select([self.info], [], [], 0.05)[0] and not self.read_info():
                break
        self._signal()

    def _signal(self) -> None:
        for fd in (self._init_fd, self.outer_fd):  # with its init a pid namespace ends, whatever is in it
            if fd is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
        self.kill_group()

    def exited(self) -> bool:
        return self.outer_fd is None or bool(select.select([self.outer_fd], [], [], 0)[0])

    def close_fd(self, name: str) -> None:
        fd = getattr(self, name)
        if fd is not None:
            setattr(self, name, None)
            os.close(fd)

    def finish(self) -> tuple[int | None, float, bool]:
        """Closes and reaps everything: exit code, processor seconds of what was reaped, and whether all is gone."""
        for name in ("inputs", "output", "status", "log", "info"):
            self.close_fd(name)
        self.close_theirs()
        if self._outer is None or self.outer_fd is None:
            return None, 0.0, True
        if not select.select([self.outer_fd], [], [], SETTLE_SECONDS)[0]:
            self._signal()
            select.select([self.outer_fd], [], [], SETTLE_SECONDS)
        gone, used, code = self.exited(), 0.0, None
        if gone:
            _, status, usage = os.wait4(self._outer.pid, 0)
            code = self._outer.returncode = os.waitstatus_to_exitcode(status)
            used = usage.ru_utime + usage.ru_stime
        if self._init_fd is not None:
            with self._lock:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._init_fd, signal.SIGKILL)
                gone &= bool(select.select([self._init_fd], [], [], SETTLE_SECONDS)[0])
                with contextlib.suppress(ChildProcessError):  # ours only if bubblewrap ended before its init did
                    pid, _, usage = os.wait4(self.init_pid, os.WNOHANG)
                    used += usage.ru_utime + usage.ru_stime if pid else 0.0
                os.close(self._init_fd)
                self._init_fd = self.init_pid = None
        os.close(self.outer_fd)
        self.outer_fd = None
        return code, used, gone
