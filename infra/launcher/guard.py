"""Runs one program and sees to it that nothing of it outlives its end, the launcher's end, or this guard's.

`python guard.py --log FILE [--echo NAME] [--grace S] -- COMMAND…`. Standard input is the lifeline: when the launcher
closes it, or dies however it may, the program gets SIGTERM, `grace` seconds, and then SIGKILL with all it ever started.
The guard is the reaper of the program's orphans (PR_SET_CHILD_SUBREAPER), so that processes in sessions of their own
are found as well. If the guard itself is killed, the kernel kills the program (PR_SET_PDEATHSIG).
Exit status: the program's, or 128 + the signal that ended it. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LOG_BYTES, LOG_FILES = 5_000_000, 3

libc = ctypes.CDLL(None, use_errno=True)


class RotatingLog:
    """Append to a file; past `limit` bytes it becomes FILE.1 and so on, and all but `files` are dropped."""

    def __init__(self, path: Path, limit: int = LOG_BYTES, files: int = LOG_FILES) -> None:
        self.path, self.limit, self.files = path, limit, files
        self.out = path.open("ab")

    def write(self, data: bytes) -> None:
        """A full disk costs the log, never the program."""
        with contextlib.suppress(OSError):
            if self.out.tell() + len(data) > self.limit:
                self._rotate()
            self.out.write(data)
            self.out.flush()

    def _rotate(self) -> None:
        self.out.close()
        for number in range(self.files - 2, -1, -1):
            older = self._name(number)
            if older.exists():
                older.replace(self._name(number + 1))
        self.out = self.path.open("ab")

    def _name(self, number: int) -> Path:
        return self.path if number == 0 else self.path.with_name(f"{self.path.name}.{number}")


class Echo:
    """Show whole lines on the terminal, each with the program's name. Programs write lines in pieces."""

    def __init__(self, name: str) -> None:
        self.name, self.piece = name.encode(), b""

    def write(self, data: bytes) -> None:
        *lines, self.piece = (self.piece + data).split(b"\n")
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), b"".join(self.name + b" | " + line + b"\n" for line in lines))


def parents() -> dict[int, int]:
    """The parent of every process of the machine, by process id."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
                found[int(entry.name)] = int(fields[1])
    return found


def descendants(root: int) -> list[int]:
    """All processes below `root`, nearest first, whatever their sessions and groups are."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, next_ = [], list(children.get(root, []))
    while next_:
        pid = next_.pop(0)
        found.append(pid)
        next_ += children.get(pid, [])
    return found


def kill_descendants(seconds: float = 5) -> None:
    """SIGKILL everything below this process until nothing is left; gives up on what the kernel will not let go."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def bind_to_parent(parent: int) -> None:
    """In a child before its program starts: die with `parent`. Checked once, for a parent that is already gone."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def run(command: Sequence[str], log: RotatingLog, echo: Echo | None, grace: float) -> int:
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    me = os.getpid()
    try:
        program = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
            start_new_session=True, preexec_fn=lambda: bind_to_parent(me),
        )  # fmt: skip
    except OSError as error:
        log.write(f"{command[0]} does not start: {error}\n".encode())
        return 127
    handle = os.pidfd_open(program.pid)
    output = program.stdout
    os.set_blocking(output.fileno(), False)
    selector = selectors.DefaultSelector()
    for source in (sys.stdin.fileno(), wake_read, output.fileno(), handle):
        selector.register(source, selectors.EVENT_READ)

    deadline: float | None = None
    ended = False
    while not ended:
        left = None if deadline is None else max(0, deadline - time.monotonic())
        events = selector.select(left)
        stop = False
        for key, _ in events:
            if key.fd == handle:
                ended = True
            elif key.fd == output.fileno():
                if not pump(output.fileno(), log, echo):
                    selector.unregister(key.fd)
            elif key.fd == wake_read:
                stop = True
                os.read(wake_read, 512)
            elif not os.read(key.fd, 512):
                stop = True
                selector.unregister(key.fd)
        if stop and deadline is None:
            deadline = time.monotonic() + grace
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGTERM)
        elif deadline is not None and not ended and (stop or time.monotonic() >= deadline):
            log.write(b"The program did not stop in time and was killed.\n")
            break
    if ended:
        program.poll()
    kill_descendants()
    while pump(output.fileno(), log, echo):
        pass
    code = program.returncode if program.returncode is not None else -signal.SIGKILL
    return code if code >= 0 else 128 - code


def pump(source: int, log: RotatingLog, echo: Echo | None) -> bool:
    """Take what the program has printed to the log (and the terminal). False: there is no more for now."""
    try:
        data = os.read(source, 1 << 16)
    except OSError:
        return False
    log.write(data)
    if echo:
        echo.write(data)
    return bool(data)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="guard")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--echo")
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    return run(given.command, RotatingLog(given.log), Echo(given.echo) if given.echo else None, given.grace)


if __name__ == "__main__":
    # Not sys.exit: the interpreter's own end puts signals back to killing it, and the status would be lost.
    os._exit(main(sys.argv[1:]))
