"""The jail that the agent calls: encode and decode of one codec, each in a fresh sandbox with its limits."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from ..codec_kit import VideoInfo
from ..models import Limits, Rate
from . import bubblewrap, cgroup, mounts, pagecache, seccomp
from .bubblewrap import Unavailable
from .canary import Check, JailStatus, inspect
from .framing import FrameOutput, Output, PacketOutput
from .outcome import Mode, Outcome, Verdict
from .policy import Policy
from .process import JailProcess, become_subreaper, memory_file
from .supervise import Supervisor
from .verdict import Seen, judge
from .watchdog import Clock, Watchdog

FIRST_SLOT_UID, SLOTS = 61000, 64
"""Users that a root agent runs codecs as, one per run at a time: a range that Debian, Fedora and systemd leave free."""

Level = Literal["watchdog", "full"]


def nothing(frames: int) -> None:
    """Progress that nobody asked for."""


class Jail:
    """Thread-safe; one object serves an agent for its life. Nothing runs before `status()` has found every check good.

    `gpu`: bind the NVIDIA devices. `required`: the weakest level that runs are allowed at. `python`: interpreter of a
    virtual environment for the codec (default: the agent's own).
    """

    def __init__(self, *, gpu: bool = False, required: Level = "watchdog", python: Path | None = None) -> None:
        self._gpu, self._required, self._python_path = gpu, required, python
        self._lock = threading.Lock()
        self._slots = list(range(FIRST_SLOT_UID, FIRST_SLOT_UID + SLOTS))
        self._status: JailStatus | None = None

    def status(self) -> JailStatus:
        """What the canary found; it runs once (about a second), then this answers at once."""
        with self._lock:
            if self._status is None:
                self._status = self._check()
            return self._status

    def recheck(self) -> JailStatus:
        """Run the canary again: after something was mended."""
        with self._lock:
            self._status = self._check()
            return self._status

    def encode(
        self,
        code: str,
        source: Path,
        info: VideoInfo,
        rate: Rate,
        limits: Limits,
        *,
        on_packet: Callable[[bytes], None],
        on_progress: Callable[[int], None] = nothing,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the codec's encode on `source`, a file of raw planes. `on_packet` gets each packet as it is written.

        `on_progress` gets the highest number of frames touched so far (the codec's word). Exceptions of the callbacks
        end the run and pass through. Raises FileNotFoundError or ValueError for a source that does not hold the clip.
        """
        size = os.stat(source).st_size
        if size < info.frames * info.frame_bytes:
            raise ValueError(
                f"{source} has {size:,} bytes; {info.frames} frames need {info.frames * info.frame_bytes:,}"
            )
        policy = Policy.of(limits)
        job = {"mode": "encode", "rate": rate} | describe(info)
        output = PacketOutput(policy.output_bytes, on_packet)
        progress = lambda frames: on_progress(min(frames, info.frames))
        return self._guarded("encode", code, job, policy, output, None, source, progress, cancel)

    def decode(
        self,
        code: str,
        packets: Iterable[bytes],
        info: VideoInfo,
        limits: Limits,
        *,
        on_frame: Callable[[memoryview], None],
        on_progress: Callable[[int], None] = nothing,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the codec's decode. `on_frame` gets each raw frame (a view that is valid during the call).

        `packets` is read as the codec asks for them. Exceptions of it and of the callbacks end the run and pass
        through.
        """
        policy = Policy.of(limits, info.frames * info.frame_bytes)
        job = {"mode": "decode"} | describe(info)
        output = FrameOutput(info.frames, info.frame_bytes, on_frame)
        return self._guarded("decode", code, job, policy, output, packets, None, on_progress, cancel)

    def normalise_page_cache(self) -> pagecache.Normalised:
        """Between encode and decode of a ranked run: forget which parts of the visible files were read."""
        return pagecache.normalise(["/usr", *(real for real, _ in mounts.Python.of(self._python_path).folders)])

    def _guarded(self, mode: Mode, *rest: Any) -> Outcome:
        status = self.status()
        if not status.available:
            return Outcome(mode, Verdict.SANDBOX_ERROR, status.message, level="none")
        return self._run(mode, *rest)

    def _prepare(self) -> None:
        """Everything that stays the same between runs. Raises Unavailable."""
        self._bubblewrap = bubblewrap.find()
        self._python = mounts.Python.of(self._python_path)
        try:
            self._filter = seccomp.build()
        except RuntimeError as e:
            raise Unavailable(f"{e}.") from None
        self._base, self._base_reason = cgroup.delegated(cgroup.own_cgroup())
        become_subreaper()

    @property
    def level(self) -> Level:
        return "full" if self._base is not None else "watchdog"

    def _check(self) -> JailStatus:
        try:
            self._prepare()
        except Unavailable as e:
            return JailStatus(False, None, str(e), (Check("bubblewrap", False, str(e)),))
        return inspect(self._run, self.level, self._base_reason, self._required, self._python)

    @contextlib.contextmanager
    def _slot(self):
        """A user id of its own for the run where the agent is root; None where it is not."""
        if os.geteuid() != 0:
            yield None
            return
        try:
            uid = self._slots.pop()
        except IndexError:
            raise RuntimeError(f"more than {SLOTS} runs at once") from None
        try:
            yield uid
        finally:
            self._slots.append(uid)

    def _run(
        self,
        mode: Mode,
        code: str,
        job: dict[str, Any],
        policy: Policy,
        output: Output,
        packets: Iterable[bytes] | None,
        source: Path | None,
        on_progress: Callable[[int], None],
        cancel: threading.Event | None,
    ) -> Outcome:
        with self._slot() as uid, contextlib.ExitStack() as stack:
            process, clock = JailProcess(), Clock(time.monotonic())
            group = cgroup.Group.create(self._base, policy) if self._base is not None else None
            kernel_cpu = (lambda: group.cpu_seconds) if group else (lambda: None)
            watchdog = Watchdog(policy, clock, process.kill, lambda: process.init_pid, cancel, kernel_cpu)
            supervisor = Supervisor(process, policy, clock, output, packets, on_progress)
            code_of_exit, used, gone = None, 0.0, True
            try:
                if group is not None:
                    process.kill_group = group.kill
                self._spawn(process, group, code, job, policy, source, uid, stack)
                watchdog.start()
                supervisor.run()
            except BaseException:
                process.kill("cancelled", "")
                process.kill_unheld()
                raise
            finally:
                watchdog.stop()
                held = process.init_pid is not None
                code_of_exit, used, gone = process.finish()
                oom, peak = (
                    (group.out_of_memory, group.peak_bytes or watchdog.peak) if group else (False, watchdog.peak)
                )
                used = group.cpu_seconds if group else max(used, watchdog.cpu)
                gone &= group.close() if group else True
        log = supervisor.log.text
        seen = Seen(
            mode, policy, process.killed, oom, held, gone, code_of_exit, supervisor.status, output.fault(),
            output.sent, log, os.geteuid() == 0,
        )  # fmt: skip
        verdict, message = judge(seen)
        end = clock.ended if clock.ended is not None else time.monotonic()
        return Outcome(
            mode=mode,
            verdict=verdict,
            message=message,
            log=log,
            start_seconds=clock.ready - clock.started if clock.ready else 0.0,
            wall_seconds=end - clock.ready if clock.ready else 0.0,
            sink_seconds=clock.sink,
            cpu_seconds=used,
            peak_memory_bytes=peak or None,
            output_bytes=output.total,
            level=self.level,
        )

    def _spawn(self, process, group, code, job, policy, source, uid, stack) -> None:
        ours = lambda name, content: stack.enter_context(closing_fd(memory_file(name, content)))
        user = 1000 if uid is None else uid
        code_fd = ours("code", code.encode("utf-8", "surrogatepass"))
        passwd_fd = ours("passwd", f"codec:x:{user}:{user}::/tmp:/bin/false\n".encode())
        filter_fd = ours("filter", self._filter)
        extra = []
        if source is not None and uid is not None and not os.stat(source).st_mode & 0o004:
            # Another user cannot open it, so root opens it. That user cannot reopen it for writing either.
            source_fd = stack.enter_context(closing_fd(os.open(source, os.O_RDONLY | os.O_CLOEXEC)))
            extra, job, source = [source_fd], job | {"source": source_fd}, None
        elif source is not None:
            job = job | {"source": mounts.SOURCE}
        input_fd, output_fd, status_fd, info_fd = process.open_pipes()
        args = mounts.arguments(
            bubblewrap=self._bubblewrap, python=self._python, policy=policy, gpu=self._gpu, slot_uid=uid,
            source=source, code_fd=code_fd, passwd_fd=passwd_fd, seccomp_fd=filter_fd, info_fd=info_fd,
        )  # fmt: skip
        args_fd = ours("args", b"".join(word.encode() + b"\0" for word in args))
        job = job | {"fds": [input_fd, output_fd, status_fd], "code": mounts.CODE, "rlimits": policy.rlimits}
        # Not -I: it would ignore PYTHONHASHSEED, and the environment is the jail's own anyway.
        command = [self._python.executable, "-s", "-P", "-B", mounts.CHILD, json.dumps(job)]
        if uid is not None:
            command = [
                "/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--bounding-set=-all",
                "--inh-caps=-all", "--no-new-privs", *command,
            ]  # fmt: skip
        command = [self._bubblewrap.path, "--args", str(args_fd), "--", *command]
        if group is not None:
            command = group.command(command)
        process.spawn(command, [code_fd, passwd_fd, filter_fd, args_fd, *extra])


@contextlib.contextmanager
def closing_fd(fd: int):
    try:
        yield fd
    finally:
        os.close(fd)


def describe(info: VideoInfo) -> dict[str, Any]:
    return {"width": info.width, "height": info.height, "frames": info.frames, "fps": str(info.fps)}
