"""The supervising loop: moves the data of one run, and notes what the agent itself saw. Judging is `verdict`'s work."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .framing import Output, TooLarge, TooMany
from .policy import Policy
from .process import JailProcess
from .status import Status
from .text import BoundedLog
from .watchdog import Clock

LOOK_SECONDS = 0.25
LEFTOVER_SECONDS = 1.0
START = b"S"
GIVE_UP_SECONDS = 5.0
READ_BYTES = 1 << 16


def framed(packets: Iterable[bytes]) -> Iterator[bytes]:
    """Each packet with its length before it, as the child reads them."""
    for packet in packets:
        yield struct.pack("<I", len(packet)) + bytes(packet)


@dataclass
class Supervisor:
    """Runs until every pipe from the jail is at its end, or the run was killed and is given up on.

    `packets` None: nothing but GO and START is sent. `show` is called between the clock's start and START. Exceptions
    of the caller's sink or of `packets` pass through `run`; the caller then kills and finishes the process.
    """

    process: JailProcess
    policy: Policy
    clock: Clock
    output: Output
    packets: Iterable[bytes] | None
    on_progress: Callable[[int], None]
    show: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.status, self.log = Status(), BoundedLog()
        self._feed = iter((START,)) if self.packets is None else framed(self.packets)
        self._pending = memoryview(b"")
        self._poll = select.poll()
        self._marked = 0

    def run(self) -> None:
        process = self.process
        handlers = {
            process.output: ("output", self._read_output),
            process.status: ("status", self._read_status),
            process.log: ("log", self._read_log),
            process.info: ("info", lambda fd: process.read_info()),
        }
        for fd in handlers:
            self._poll.register(fd, select.POLLIN)
        self._poll.register(process.outer_fd, select.POLLIN)
        inputs = process.inputs
        killed_at, exited, waited = None, False, 0.0  # waited: for the jail after it has exited, not for the sink
        while handlers:
            since = time.monotonic()
            events = [fd for fd, _ in self._poll.poll(LOOK_SECONDS * 1000)]
            waited += time.monotonic() - since if exited else 0.0
            for fd in sorted(events, key=lambda fd: fd != process.status):  # READY came before the output it allows
                if fd == process.outer_fd:
                    self._poll.unregister(fd)
                    exited = True
                elif fd == inputs:
                    self._write_input(fd)
                elif fd in handlers:
                    name, handle = handlers[fd]
                    try:
                        more = handle(fd)
                    except BlockingIOError:
                        continue
                    if not more:
                        self._poll.unregister(fd)
                        del handlers[fd]
                        process.close_fd(name)
                    self._advance(inputs)
            now = time.monotonic()
            if process.killed and killed_at is None:
                killed_at = now
                if process.init_pid is None:
                    process.kill_unheld()
            if killed_at is not None and now - killed_at > GIVE_UP_SECONDS:
                return
            if killed_at is None and waited > LEFTOVER_SECONDS:
                process.kill("leftover", "Something that the code started still ran after it had ended.")

    def _advance(self, inputs: int) -> None:
        """GO once the jail is held. Once the codec is imported the clock starts, and after it what the codec waits for:
        clip and START, or packets. So none of its work comes before the clock, however late this is noticed."""
        if self.clock.went is None and self.status.alive and self.process.go():
            self.clock.went = time.monotonic()
        if self.clock.went is not None and self.status.ready and self.clock.ready is None:
            self.clock.ready = time.monotonic()
            self.show()
            self._poll.register(inputs, select.POLLOUT)

    def _write_input(self, fd: int) -> None:
        try:
            while not self._pending:
                self._pending = memoryview(next(self._feed))
            self._pending = self._pending[os.write(fd, self._pending) :]
        except BlockingIOError:
            pass
        except (StopIteration, BrokenPipeError):
            self._poll.unregister(fd)
            self.process.close_fd("inputs")

    def _read_output(self, fd: int) -> bool:
        before, self.clock.sink_since = self.output.sent, time.monotonic()
        try:
            if self.process.killed:
                return bool(os.read(fd, READ_BYTES))
            more = self.output.read(fd)
        except TooMany as e:
            self.process.kill("output_invalid", str(e))
            return True
        except TooLarge:
            self.process.kill("output_too_large", "")
            return True
        finally:
            since, now = self.clock.sink_since, time.monotonic()
            if self.output.sent > before:
                self.clock.sink += now - since
                self.clock.heard = now
            self.clock.sink_since = None
        if not more:
            self.clock.ended = time.monotonic()
        elif self.packets is not None and self.output.sent > before:
            self.on_progress(self.output.sent)
        return more

    def _read_status(self, fd: int) -> bool:
        data = os.read(fd, READ_BYTES)
        self.status.add(data)
        allowed = self.policy.status_bytes
        if self.clock.ready is not None:
            allowed += int((time.monotonic() - self.clock.ready) * self.policy.status_bytes_per_second)
        if self.status.total > allowed:
            self.process.kill("status_flood", "It wrote without end to the pipe for status marks.")
        if self.packets is None and self.status.frames > self._marked and not self.process.killed:
            self._marked = self.status.frames
            self.on_progress(self._marked)
        return bool(data)

    def _read_log(self, fd: int) -> bool:
        data = os.read(fd, READ_BYTES)
        self.log.add(data)
        if self.log.total > self.policy.log_bytes and not self.process.killed:
            self.process.kill("log_flood", f"It printed more than {self.policy.log_bytes >> 10:,} KiB.")
        return bool(data)
