"""One run from start to outcome: spawn, watch, supervise, reap, judge."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import cgroup, mounts
from .bubblewrap import Bubblewrap
from .framing import Output
from .gate import Gate
from .outcome import Mode, Outcome, Verdict
from .policy import Policy
from .process import JailProcess, memory_file
from .supervise import Supervisor
from .verdict import Seen, judge
from .watchdog import Clock, Watchdog


@dataclass(frozen=True)
class Setup:
    """What stays the same from run to run. `base`: delegated cgroup folder, or None at level `watchdog`.

    `compiled`: the kit's compiled functions, shown to codecs read-only where they are prepared.
    """

    bubblewrap: Bubblewrap
    python: mounts.Python
    filter: bytes
    gpu: bool
    base: Path | None
    compiled: Path | None = None

    @property
    def level(self) -> Literal["watchdog", "full"]:
        return "watchdog" if self.base is None else "full"

    @property
    def view(self) -> mounts.View:
        """What a codec sees."""
        return mounts.codec_view(self.python, self.gpu, self.compiled)


@dataclass(frozen=True)
class Task:
    """What one run does. `job`: facts for the child (size, frames, rate); `packets` for decode, `source` for encode (the
    clip, in `spawn` the folder of its gate) and read. `view`: what it sees where that is not what a codec sees."""

    mode: Mode
    code: str
    job: dict[str, Any]
    policy: Policy
    output: Output
    on_progress: Callable[[int], None]
    cancel: threading.Event | None = None
    packets: Iterable[bytes] | None = None
    source: Path | None = None
    view: mounts.View | None = None


Start = Callable[[JailProcess, cgroup.Group | None, "Setup", int | None, Task], None]


def run(setup: Setup, slot_uid: int | None, task: Task, start: Start | None = None) -> Outcome:
    """Never raises for anything the codec does; exceptions of the task's callbacks end the run and pass through.

    `start`: another way to start the process than `spawn`, without walls: there the clip is no secret before its time.
    """
    if task.mode != "encode" or start is not None:
        return supervised(setup, slot_uid, task, start or spawn)
    try:
        gate = Gate(task.source, os.path.basename(mounts.SOURCE), other_user=slot_uid is not None)
    except OSError as e:
        return Outcome(task.mode, Verdict.SANDBOX_ERROR, f"The clip could not be laid out: {e}.", level=setup.level)
    with contextlib.closing(gate):
        return supervised(setup, slot_uid, dataclasses.replace(task, source=gate.folder), spawn, gate.open)


def supervised(
    setup: Setup, slot_uid: int | None, task: Task, start: Start, show: Callable[[], None] = lambda: None
) -> Outcome:
    """As `run`. `show` is called when the clock has started."""
    process, clock, policy = JailProcess(), Clock(time.monotonic()), task.policy
    try:
        group = cgroup.Group.create(setup.base, policy) if setup.base is not None else None
    except OSError as e:
        return Outcome(
            task.mode, Verdict.SANDBOX_ERROR, f"No cgroup could be made for the run: {e}.", level=setup.level
        )
    kernel_cpu = (lambda: group.cpu_seconds) if group else (lambda: None)
    watchdog = Watchdog(policy, clock, process.kill, lambda: process.init_pid, task.cancel, kernel_cpu)
    supervisor = Supervisor(process, policy, clock, task.output, task.packets, task.on_progress, show)
    refused = None
    try:
        try:
            start(process, group, setup, slot_uid, task)
        except OSError as e:
            refused = f"The jail could not be started: {e}."
        else:
            watchdog.start()
            supervisor.run()
    except BaseException:
        process.kill("cancelled", "")
        process.kill_unheld()
        raise
    finally:
        watchdog.stop()
        held = process.init_pid is not None
        code, used, gone = process.finish()
        out_of_memory, peak, used = False, watchdog.peak, max(used, watchdog.cpu)
        if group is not None:
            out_of_memory, peak, used = group.out_of_memory, group.peak_bytes or peak, group.cpu_seconds
            gone &= group.close()
    log = supervisor.log.text
    seen = Seen(
        mode=task.mode,
        policy=policy,
        killed=process.killed,
        out_of_memory=out_of_memory,
        held=held,
        gone=gone,
        code=code,
        status=supervisor.status,
        fault=task.output.fault(),
        sent=task.output.sent,
        log=log,
        as_root=slot_uid is not None,
    )
    verdict, message = (Verdict.SANDBOX_ERROR, refused) if refused else judge(seen)
    end = clock.ended if clock.ended is not None else time.monotonic()
    return Outcome(
        mode=task.mode,
        verdict=verdict,
        message=message,
        log=log,
        start_seconds=clock.ready - clock.started if clock.ready else 0.0,
        ready_at=clock.ready,
        wall_seconds=end - clock.ready if clock.ready else 0.0,
        sink_seconds=clock.sink,
        cpu_seconds=used,
        peak_memory_bytes=peak or None,
        output_bytes=task.output.total,
        level=setup.level,
    )


def spawn(process: JailProcess, group: cgroup.Group | None, setup: Setup, slot_uid: int | None, task: Task) -> None:
    """Start bubblewrap with everything the run needs. Raises OSError where the system refuses."""
    with contextlib.ExitStack() as stack:
        ours = lambda name, content: stack.enter_context(closing(memory_file(name, content)))
        user, view = 1000 if slot_uid is None else slot_uid, task.view or setup.view
        code_fd = ours("code", task.code.encode("utf-8", "surrogatepass"))
        passwd_fd = ours("passwd", f"codec:x:{user}:{user}::/tmp:/bin/false\n".encode())
        filter_fd = ours("filter", setup.filter)
        source, job, more = task.source, task.job | {"mode": task.mode, "source": view.source}, []
        at = mounts.SOURCES if task.mode == "encode" else view.source
        if source is not None and slot_uid is not None and not os.stat(source).st_mode & 0o004:
            # Another user cannot open it, so root opens it. That user cannot reopen it for writing either.
            more = [stack.enter_context(closing(os.open(source, os.O_RDONLY | os.O_CLOEXEC)))]
            source, job["source"] = None, more[0]
        input_fd, output_fd, status_fd, info_fd = process.open_pipes()
        args = mounts.arguments(
            bubblewrap=setup.bubblewrap,
            view=view,
            policy=task.policy,
            slot_uid=slot_uid,
            source=None if source is None else (source, at),
            code_fd=code_fd,
            passwd_fd=passwd_fd,
            seccomp_fd=filter_fd,
            info_fd=info_fd,
        )
        args_fd = ours("args", b"".join(os.fsencode(word) + b"\0" for word in args))
        job |= {"fds": [input_fd, output_fd, status_fd], "code": mounts.CODE, "rlimits": task.policy.rlimits}
        command = [setup.bubblewrap.path, "--args", str(args_fd), "--", *inner(view.python, slot_uid, job)]
        if group is not None:
            process.kill_group = group.kill
            command = group.command(command)
        process.spawn(command, [code_fd, passwd_fd, filter_fd, args_fd, *more])


def inner(python: mounts.Python, slot_uid: int | None, job: dict[str, Any]) -> list[str]:
    """The command inside: [setpriv, which leaves root for good,] the child's Python."""
    # Not -I: it would ignore PYTHONHASHSEED, and the environment is the jail's own anyway.
    command = [python.executable, "-s", "-P", "-B", mounts.CHILD, json.dumps(job)]
    if slot_uid is None:
        return command
    drop = ["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    return [mounts.SETPRIV, f"--reuid={slot_uid}", f"--regid={slot_uid}", *drop, *command]


@contextlib.contextmanager
def closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)
